/** Examples for the rules of hosts, for each kind of host and each outcome. */

import type { WordedOutcome } from "../../reading/words/vocabulary.js";
import type { Example } from "../rule.js";

/** The outcomes that have one rule for each kind of host. */
export type Ended = Exclude<WordedOutcome, "cancelled" | "deadline">;

export type Examples = Readonly<Record<Ended, readonly Example[]>>;

const IMAGE = 'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): ';
const HEAD =
  "unexpected status from HEAD request to https://registry-1.docker.io/v2/acme/app/manifests/1: ";
const REQUEST = 'failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": ';
const FETCH =
  "failed to fetch remote https://github.com/acme/lib: git error: exit status 128\nstderr:\nfatal: unable to access 'https://github.com/acme/lib/': ";
const GET = 'Get "https://files.example.com/tool.tgz": ';

export const REGISTRY: Examples = {
  limited: [
    `${IMAGE}${HEAD}429 Too Many Requests`,
    "toomanyrequests: You have reached your pull rate limit.",
    "pull access denied for localhost:9090/acme/app, repository does not exist or may require 'docker login': denied: Request exceeded pull rate limit for IP 127.0.0.1",
  ],
  "server-error": [
    `${IMAGE}${HEAD}503 Service Unavailable`,
    "failed to solve: failed to copy: unexpected status: 502 Bad Gateway",
    `${IMAGE}${HEAD}530 <none>`,
    "writing manifest: uploading manifest 1 to quay.io/acme/app: received unexpected HTTP status: 503",
  ],
  timeout: [
    `${REQUEST}net/http: TLS handshake timeout`,
    `${REQUEST}dial tcp 203.0.113.49:443: i/o timeout`,
    `${REQUEST}context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  ],
  unreachable: [
    `${REQUEST}dial tcp: lookup ghcr.io on 10.87.0.1:53: server misbehaving`,
    `${REQUEST}dial tcp 203.0.113.4:443: connect: connection refused`,
  ],
  interrupted: [
    `${REQUEST}EOF`,
    `${IMAGE}short read: expected 622 bytes but got 1: unexpected EOF`,
    "failed to push ghcr.io/acme/app:1: failed to copy: io: read/write on closed pipe",
  ],
  "expired-certificate": [
    `${REQUEST}tls: failed to verify certificate: x509: certificate has expired or is not yet valid`,
  ],
  "untrusted-certificate": [
    `${REQUEST}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    `${REQUEST}http: server gave HTTP response to HTTPS client`,
  ],
  denied: [
    `${IMAGE}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
    `${IMAGE}${HEAD}403 Forbidden`,
  ],
  missing: [
    `${IMAGE}docker.io/acme/app:1: not found`,
    `${IMAGE}docker.io/acme/ratelimit:503: not found`,
    "Error response from daemon: manifest unknown: docker pull ghcr.io/acme/app:1",
  ],
  rejected: [
    "failed to push localhost:8080/push: unexpected status from POST request to http://localhost:8080/v2/push/blobs/uploads/: 413 Request Entity Too Large",
  ],
  unasked: [
    'failed to do request: Head "https://ghcr.io:99999/v2/acme/app/manifests/1": dial tcp: address 99999: invalid port',
  ],
};

export const GIT: Examples = {
  limited: [`${FETCH}The requested URL returned error: 429`],
  "server-error": [
    'unexpected client error: unexpected requesting "https://github.com/acme/lib.git/info/refs?service=git-upload-pack" status code: 503',
    `${FETCH}The requested URL returned error: 502`,
  ],
  timeout: [
    "failed to fetch remote git@github.com:acme/lib.git: git error: exit status 128\nssh: connect to host github.com port 22: Connection timed out",
  ],
  unreachable: [
    'Get "https://git.example.org/a/b.git/info/refs?service=git-upload-pack": dial tcp: lookup git.example.org on 10.87.0.1:53: no such host',
    `${FETCH}Could not resolve host: github.com`,
    `${FETCH}Could not resolve proxy: proxy.example.com`,
    `${FETCH}Failed to connect to proxy.example.com port 3128 after 7 ms: Could not connect to server`,
  ],
  interrupted: [
    "kex_exchange_identification: Connection closed by remote host",
    "fatal: early EOF\nfatal: fetch-pack: invalid index-pack output",
    'Get "https://github.com/acme/lib.git/info/refs?service=git-upload-pack": EOF',
  ],
  "expired-certificate": [`${FETCH}SSL certificate problem: certificate has expired`],
  "untrusted-certificate": [
    `${FETCH}server certificate verification failed. CAfile: none CRLfile: none`,
    `${FETCH}SSL: no alternative certificate subject name matches target host name 'github.com'`,
  ],
  denied: [
    "git error: git authentication failed",
    "fatal: could not read Username for 'https://git.example.org': terminal prompts disabled",
    "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
  ],
  missing: [
    "repository not found: 404 page not found",
    "fatal: couldn't find remote ref refs/heads/relase-1.2",
    "fatal: remote error: upload-pack: not our ref 7a9fed0ae63f453cd5b24208bdb356ea9b3caf3d",
  ],
  rejected: [
    'unexpected client error: unexpected requesting "https://github.com/acme/lib.git/info/refs" status code: 400',
    "failed to fetch remote https://github.com/acme/lib: git error: sha fetch unsupported by remote",
  ],
  unasked: [`${FETCH}URL using bad/illegal format or missing URL`],
};

export const HTTP: Examples = {
  limited: ["invalid response status 429 Too Many Requests"],
  "server-error": [
    "invalid response status 503 Service Unavailable",
    "invalid response status 503 Backend fetch failed",
    "failed to download checksums.txt from https://dl.dagger.io/dagger/releases/0.18.12/checksums.txt: 503 Service Unavailable",
  ],
  timeout: [`${GET}net/http: TLS handshake timeout`],
  unreachable: [
    `${GET}dial tcp: lookup files.example.com on 10.87.0.1:53: server misbehaving`,
    `${GET}proxyconnect tcp: dial tcp 10.35.8.13:3128: connect: connection refused`,
  ],
  interrupted: [`${GET}EOF`, "file write failed: unexpected EOF"],
  "expired-certificate": [
    `${GET}tls: failed to verify certificate: x509: certificate has expired or is not yet valid`,
  ],
  "untrusted-certificate": [
    `${GET}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  ],
  denied: ["invalid response status 403 Forbidden"],
  missing: ["invalid response status 404 Not Found"],
  rejected: ["invalid response status 400"],
  unasked: ['Get "ftp://files.example.com/a": unsupported protocol scheme "ftp"'],
};

export const CLOUD: Examples = {
  limited: [
    "Warning: Cache service responded with 429 during upload chunk.",
    "error writing layer blob: requested delay 900.00s exceeds maximum timeout 10m0s",
  ],
  "server-error": [
    'failed to emit telemetry error="logs export: failed to send to https://api.dagger.cloud/v1/logs: 500 Internal Server Error (body: (empty))"',
  ],
  timeout: [
    "failed to solve: error writing layer blob: error committing cache 66034: maximum timeout reached",
  ],
  unreachable: [
    'failed to emit telemetry error="traces export: context deadline exceeded: rpc error: code = Unavailable desc = name resolver error: produced zero addresses"',
  ],
  interrupted: [
    'failed to upload blob blobs/sha256-4bcf: Put "https://acct.blob.core.windows.net/c/blobs": read tcp 172.17.0.6:46426->203.0.113.238:443: read: connection reset by peer',
  ],
  "expired-certificate": [
    'error writing layer blob: Put "https://cache.example.com/x": tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  ],
  "untrusted-certificate": [
    'error writing layer blob: Put "https://cache.example.com/x": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  denied: [
    'failed to emit telemetry error="logs export: failed to send to https://api.dagger.cloud/v1/logs: 401 Unauthorized (body: (empty))"',
  ],
  missing: [
    "failed to check file presence in cache: operation error S3: HeadBucket, https response error StatusCode: 404, NotFound",
  ],
  rejected: [
    "failed to check file presence in cache: operation error S3: HeadObject, https response error StatusCode: 400, api error BadRequest: Bad Request",
  ],
  unasked: [
    'error writing layer blob: Put "cache://acct.example.com/x": unsupported protocol scheme "cache"',
  ],
};
