package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/dryrun"
)

// dryRun composes the whole audience and prints what it found. It needs neither Redis, but for --suppressions, nor a mail
// server.
func (b *bulkSendCmd) dryRun(ctx context.Context, c *app.Settings, std stdio, d bulk.Definition, audience *bulk.Audience) (err error) {
	catalog, err := c.Catalog()
	if err != nil {
		return err
	}
	audience.Types(catalog.OwnKind)
	looks, err := c.NewLooks(c.Logger(std.err), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, looks.Close()) }()
	composer, err := looks.Composer(catalog)
	if err != nil {
		return err
	}
	if err := b.pin(ctx, composer.Blobs, time.Hour, catalog, &d); err != nil {
		return err
	}
	if err := warnUnused(std, catalog, &d, audience); err != nil {
		return err
	}
	options := dryrun.Options{
		Definition: d, Composer: composer, Audience: audience.All(), PerSecond: d.Rate, Sample: b.Sample, SegmentPrice: b.SMSPrice,
	}
	if b.Suppressions {
		rdb, err := app.ConnectRedis(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rdb.Close()) }()
		list, err := c.NewSuppressions(rdb, c.Logger(std.err))
		if err != nil {
			return err
		}
		options.Suppressed = list.Check
	}
	result, err := dryrun.Run(ctx, options)
	if err != nil {
		return fmt.Errorf("%s: %w", b.Audience, err)
	}
	if b.JSON {
		return json.NewEncoder(std.out).Encode(result)
	}
	if err := result.Print(std.out); err != nil {
		return err
	}
	for _, channel := range result.Messages {
		for _, m := range channel.Sample {
			fmt.Fprintf(std.out, "\nRow %d, to %s", m.Row, m.To)
			if m.Content.Subject != "" {
				fmt.Fprintf(std.out, ": %s", m.Content.Subject)
			}
			fmt.Fprint(std.out, "\n\n")
			for _, line := range wrap(strings.TrimSpace(m.Content.Text), 92) {
				fmt.Fprintf(std.out, "  | %s\n", line)
			}
		}
	}
	return nil
}
