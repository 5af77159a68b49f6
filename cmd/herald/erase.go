package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/erase"
	"github.com/heraldsend/herald/worker/store/suppress"
)

type eraseCmd struct {
	Address  string `arg:"" help:"An email address or a phone number, in any spelling; - reads it from standard input."`
	Suppress bool   `help:"Keep a keyed hash of it on the suppression list (HERALD_ERASE_KEYS), so that nothing is sent there again."`
	Rewrite  bool   `help:"Have Redis write its append-only file anew, which holds what was erased until then."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Run removes a person and says what was touched.
func (e *eraseCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	address := e.Address
	if address == "-" {
		var line [1024]byte
		n, err := std.in.Read(line[:])
		if err != nil {
			return fmt.Errorf("read the address: %w", err)
		}
		address = strings.TrimSpace(string(line[:n]))
	}
	report, err := app.Erase(ctx, c, c.Logger(std.err), address, e.Suppress)
	var wrong *erase.AddressError
	if errors.As(err, &wrong) || errors.Is(err, suppress.ErrNoKey) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if e.Rewrite {
		if err := app.RewriteAOF(ctx, c); err != nil {
			return err
		}
	}
	if e.JSON {
		if err := json.NewEncoder(std.out).Encode(report); err != nil {
			return err
		}
	} else if err := printErased(std, report); err != nil {
		return err
	}
	if !report.Complete() {
		return errors.New("workers still had tasks of theirs in hand: erase once more when these are over")
	}
	return nil
}

func printErased(std stdio, r erase.Report) error {
	for _, line := range []struct {
		n    int
		what string
	}{
		{r.Messages, "messages"}, {r.Forwards, "forwards"}, {r.Recipients, "rows of bulks"}, {r.Bulks, "bulks with something of theirs"}, {r.Skipped, "of these were pending and are skipped"},
		{r.Events, "events"}, {r.DeadLetters, "dead letters"}, {r.Tasks, "tasks"}, {r.Files, "stored contents"}, {r.Suppressions, "entries of suppression lists"}, {r.Caught, "messages of tests"}, {r.Hashed, "channels with a hash that stays suppressed"},
	} {
		if line.n > 0 {
			fmt.Fprintf(std.out, "%6d %s\n", line.n, line.what)
		}
	}
	for _, place := range r.Kept {
		fmt.Fprintf(std.out, "kept: %s\n", place)
	}
	for _, id := range r.InFlight {
		fmt.Fprintf(std.out, "in flight: %s\n", id)
	}
	_, err := fmt.Fprintln(std.out, map[bool]string{true: "erased", false: "not complete"}[r.Complete()])
	return err
}
