package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/remake"
	"github.com/heraldsend/herald/worker/store/ledger"
)

type showCmd struct {
	ID        string `arg:"" help:"Of a single message, or of a message of a bulk, as find and bulk export --json print it."`
	Recipient string `placeholder:"ADDRESS" help:"ID is a bulk's: the message to this recipient."`
	Raw       bool   `help:"Print the bytes that left, and nothing else."`
}

// Run prints what became of a message, step by step, and then its bytes.
func (s *showCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	id, err := messageOf(ctx, c, std, s.ID, s.Recipient)
	if err != nil {
		return err
	}
	made, why := app.Remake(ctx, c, c.Logger(std.err), id)
	if s.Raw {
		if why != nil {
			return why
		}
		_, err := std.out.Write(made.Bytes)
		return err
	}
	if err := printTimeline(ctx, c, std, id, made); err != nil {
		return err
	}
	if why != nil {
		return why
	}
	if _, err := fmt.Fprintf(std.out, "proof: %s\n\n", made.Proof); err != nil {
		return err
	}
	_, err = std.out.Write(made.Bytes)
	return err
}

// printTimeline prints what happened to a message, and when.
func printTimeline(ctx context.Context, c *app.Settings, std stdio, id string, made remake.Made) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		s, err := q.MessageStatus(ctx, id)
		if err != nil {
			return err
		}
		step := func(at time.Time, what string) {
			if !at.IsZero() {
				fmt.Fprintf(std.out, "%s  %s\n", at.UTC().Format(time.RFC3339), what)
			}
		}
		fmt.Fprintf(std.out, "%s to %s by %s\n", s.ID, s.To, s.Channel)
		step(made.Begun, "accepted")
		step(made.Date, "dated")
		if w := s.Waiting; w != nil {
			step(w.Since, fmt.Sprintf("waits, after %d tries: %s", s.Attempts, codeAndText(w.Code, w.Text)))
		}
		if s.State.Final() {
			what := s.State.String()
			if s.Attempts > 0 {
				what += fmt.Sprintf(" at try %d", s.Attempts)
			}
			if words := first(s.Reason.Code, s.Words); words != "" {
				what += ": " + codeAndText(words, s.Reason.Text)
			}
			step(s.At, what)
		}
		if f := s.Feedback; f.State != ledger.Unconfirmed {
			step(f.At, codeAndText(f.State.String()+" by "+f.Source, f.Words))
		}
		return nil
	})
}

// messageOf is the id of a message; with a recipient, of theirs in a bulk.
func messageOf(ctx context.Context, c *app.Settings, std stdio, id, recipient string) (string, error) {
	if recipient == "" {
		return id, nil
	}
	err := withClient(ctx, c, std, func(q *app.Client) error {
		found, err := q.Find(ctx, enqueue.Search{Recipient: recipient, Country: c.Country, Bulk: id, Most: 2})
		switch {
		case err != nil:
			return inFlags(err, map[string]string{"/recipient": "--recipient"})
		case len(found.Matches) == 0:
			return fmt.Errorf("bulk %s has no message to that recipient", id)
		case len(found.Matches) > 1:
			return usageError{fmt.Errorf("bulk %s has several messages to that recipient: herald find --bulk lists their ids", id)}
		}
		id = found.Matches[0].Status.ID
		return nil
	})
	return id, err
}

type proveCmd struct {
	ID        string `arg:"" help:"Of a single message, or of a message of a bulk."`
	Recipient string `placeholder:"ADDRESS" help:"ID is a bulk's: the message to this recipient."`
}

// Run says whether a message that is made again is the one that was sent. It fails if it is not.
func (p *proveCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	id, err := messageOf(ctx, c, std, p.ID, p.Recipient)
	if err != nil {
		return err
	}
	made, err := app.Remake(ctx, c, c.Logger(std.err), id)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(std.out, "%s %s\n", id, made.Proof); err != nil {
		return err
	}
	switch made.Proof {
	case remake.Differs:
		return errors.New("it is not what was sent: something that is stored, a setting, or the version of Herald was changed since")
	case remake.Unknown:
		return errors.New("no digest was stored when it was sent, so nobody can tell")
	}
	return nil
}
