#!/bin/sh
# Behind a captive portal, crane and containerd return the digest of the login page as that of an image
#
# Versions: go-containerregistry 0.22.1 (crane), containerd 2.4.2, oras-go 2.7.0, regclient 0.11.7
# Guess: a captive portal answers every request with 200 and an HTML page. A request for a manifest then
#   fails: the media type is not that of a manifest, and the header with the digest is missing.
# Seen: `crane.Digest` sends HEAD, then GET, and returns the SHA-256 of the page. containerd's resolver does
#   the same, and even fetches the page. A script that pins images writes that digest. oras-go fails with
#   HEAD and returns the page with GET. Only regclient checks the media type.
# Output:
#   crane.Digest: the digest of the page, after HEAD, GET
#   containerd Resolve: the digest of the page, after HEAD, GET
#   oras-go Resolve: HTTP HEAD request missing required header "Docker-Content-Digest"
#   oras-go FetchReference: the digest of the page, after GET
#   regclient ManifestHead: unsupported media type: "text/html"
#   regclient ManifestGet: unsupported media type: "text/html"
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOPATH="$dir/gopath" GOFLAGS="-mod=mod -modcacherw"
go mod init example.test/registries 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	"oras.land/oras-go/v2/registry/remote"
)

const page = "<html>Please accept our terms</html>"

func main() {
	ctx := context.Background()
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(page)))
	var mutex sync.Mutex
	var methods []string
	portal := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if strings.Contains(request.URL.Path, "/manifests/") {
			mutex.Lock()
			methods = append(methods, request.Method)
			mutex.Unlock()
		}
		writer.Header().Set("Content-Type", "text/html")
		_, _ = writer.Write([]byte(page))
	}))
	host := strings.TrimPrefix(portal.URL, "http://")
	image := host + "/acme/app:1"
	repository, _ := remote.NewRepository(host + "/acme/app")
	repository.PlainHTTP = true
	reg := func() *regclient.RegClient {
		return regclient.New(regclient.WithConfigHost(config.Host{Name: host, TLS: config.TLSDisabled}))
	}
	target, _ := ref.New(image)

	var lines []string
	ask := func(name string, call func() (string, error)) {
		methods = nil
		got, err := call()
		switch {
		case err != nil:
			lines = append(lines, name+": "+err.Error())
		case got == digest:
			lines = append(lines, name+": the digest of the page, after "+strings.Join(methods, ", "))
		default:
			lines = append(lines, name+": "+got)
		}
	}
	ask("crane.Digest", func() (string, error) { return crane.Digest(image, crane.Insecure) })
	ask("containerd Resolve", func() (string, error) {
		_, descriptor, err := docker.NewResolver(docker.ResolverOptions{PlainHTTP: true}).Resolve(ctx, image)
		return descriptor.Digest.String(), err
	})
	ask("oras-go Resolve", func() (string, error) {
		descriptor, err := repository.Resolve(ctx, "1")
		return descriptor.Digest.String(), err
	})
	ask("oras-go FetchReference", func() (string, error) {
		descriptor, body, err := repository.FetchReference(ctx, "1")
		if err == nil {
			_ = body.Close()
		}
		return descriptor.Digest.String(), err
	})
	ask("regclient ManifestHead", func() (string, error) { _, err := reg().ManifestHead(ctx, target); return "a manifest", err })
	ask("regclient ManifestGet", func() (string, error) { _, err := reg().ManifestGet(ctx, target); return "a manifest", err })

	fmt.Println(strings.Join(lines, "\n"))
	expected := []string{
		"the digest of the page, after HEAD, GET", "the digest of the page, after HEAD, GET", `"Docker-Content-Digest"`,
		"the digest of the page, after GET", `media type: "text/html"`, `media type: "text/html"`,
	}
	for index, end := range expected {
		if !strings.HasSuffix(lines[index], end) {
			os.Exit(1)
		}
	}
}
GO
go get github.com/google/go-containerregistry@v0.22.1 github.com/containerd/containerd/v2@v2.4.2 oras.land/oras-go/v2@v2.7.0 github.com/regclient/regclient@v0.11.7 2>/dev/null
go build -o ask . 2>build.log || { cat build.log; exit 1; }
./ask 2>/dev/null
