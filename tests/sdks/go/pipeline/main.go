// Does what it is told in a Dagger session: one operation a line, and one line for its outcome.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"dagger.io/dagger"
)

type operation struct {
	Do      string
	Image   string
	Args    []string
	Address string
	Each    []operation
}

type failure struct {
	Type       string         `json:"type"`
	Message    string         `json:"message"`
	ExitCode   *int           `json:"exitCode,omitempty"`
	Stdout     *string        `json:"stdout,omitempty"`
	Stderr     *string        `json:"stderr,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

type outcome struct {
	Value any      `json:"value,omitempty"`
	Error *failure `json:"error,omitempty"`
}

func perform(ctx context.Context, client *dagger.Client, op operation) (any, error) {
	switch op.Do {
	case "run":
		return client.Container().From(op.Image).WithExec(op.Args).Stdout(ctx)
	case "publish":
		return client.Container().From(op.Image).Publish(ctx, op.Address)
	case "version":
		return client.Version(ctx)
	case "all":
		outcomes := make([]outcome, len(op.Each))
		var group sync.WaitGroup
		for index, each := range op.Each {
			group.Go(func() { outcomes[index] = outcomeOf(ctx, client, each) })
		}
		group.Wait()
		return outcomes, nil
	}
	return nil, fmt.Errorf("unknown operation %q", op.Do)
}

func outcomeOf(ctx context.Context, client *dagger.Client, op operation) outcome {
	value, err := perform(ctx, client, op)
	if err == nil {
		return outcome{Value: value}
	}
	return outcome{Error: failureOf(err)}
}

func failureOf(err error) *failure {
	var exec *dagger.ExecError
	if errors.As(err, &exec) {
		return &failure{
			Type:     "ExecError",
			Message:  exec.Message(),
			ExitCode: &exec.ExitCode,
			Stdout:   &exec.Stdout,
			Stderr:   &exec.Stderr,
		}
	}
	var extended interface{ Extensions() map[string]any }
	if errors.As(err, &extended) {
		return &failure{Type: "Extensions", Message: err.Error(), Extensions: extended.Extensions()}
	}
	return &failure{Type: fmt.Sprintf("%T", err), Message: err.Error()}
}

func main() {
	ctx := context.Background()
	out := json.NewEncoder(os.Stdout)
	client, err := dagger.Connect(ctx)
	if err != nil {
		out.Encode(outcome{Error: failureOf(err)})
		return
	}
	out.Encode(outcome{Value: "connected"})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var op operation
		if err := json.Unmarshal(lines.Bytes(), &op); err != nil {
			panic(err)
		}
		out.Encode(outcomeOf(ctx, client, op))
	}
	if err := client.Close(); err != nil {
		panic(err)
	}
}
