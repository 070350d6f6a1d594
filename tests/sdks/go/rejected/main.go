package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"dagger.io/dagger"
)

func main() {
	ctx := context.Background()
	client, err := dagger.Connect(ctx)
	if err != nil {
		panic(err)
	}
	out, err := client.Container().From("alpine:3").WithExec([]string{"echo", "built"}).Stdout(ctx)
	fmt.Print(out)
	client.Close()

	var told interface{ Extensions() map[string]any }
	if errors.As(err, &told) && told.Extensions()["_type"] == "CIRCUIT_OPEN" {
		ext := told.Extensions()
		fmt.Fprintf(os.Stderr, "%v is down, again in %v ms\n", ext["upstream"], ext["retryAfterMs"])
		os.Exit(75)
	}
	if err != nil {
		panic(err)
	}
}
