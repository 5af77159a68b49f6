package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/fleet"
)

type ratesCmd struct {
	Show  ratesShowCmd  `cmd:"" default:"withargs" help:"Show the rates that hold now."`
	Set   ratesSetCmd   `cmd:"" help:"Set the rates for all workers, in place of their HERALD_RATES."`
	Unset ratesUnsetCmd `cmd:"" help:"Take them back: the workers' own hold again."`
}

type ratesShowCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints the rates that hold.
func (r *ratesShowCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		agreed, err := q.Rates(ctx)
		if err != nil {
			return err
		}
		if r.JSON {
			return json.NewEncoder(std.out).Encode(struct {
				Set     bool               `json:"set"`
				Version int64              `json:"version"`
				Since   time.Time          `json:"since,omitzero"`
				Rates   map[string]float64 `json:"rates"`
			}{agreed.Set, agreed.Version, agreed.At, agreed.Rates})
		}
		return printRates(std.out, agreed)
	})
}

func printRates(out io.Writer, agreed fleet.Agreed) error {
	of := "the lowest of the living workers' own"
	if agreed.Set {
		of = fmt.Sprintf("set for all workers on %s (version %d)", agreed.At.Format(time.RFC3339), agreed.Version)
	}
	if len(agreed.Rates) == 0 {
		_, err := fmt.Fprintf(out, "no rates: nothing is limited (%s)\n", of)
		return err
	}
	fmt.Fprintf(out, "messages a second, %s:\n", of)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, lane := range slices.Sorted(maps.Keys(agreed.Rates)) {
		limit := "no limit"
		if perSecond := agreed.Rates[lane]; perSecond > 0 {
			limit = strconv.FormatFloat(perSecond, 'g', -1, 64)
		}
		fmt.Fprintf(table, "%s\t%s\n", lane, limit)
	}
	return table.Flush()
}

type ratesSetCmd struct {
	Rates   []string `arg:"" help:"Messages a second by channel or sender: email=200 sms=10 sms:+15550100=1. What is not named has no limit."`
	Version int64    `default:"-1" placeholder:"N" help:"The version that they replace, as herald rates shows it: nothing changes if it is another one meanwhile."`
}

// Run sets rates.
func (r *ratesSetCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	rates, err := delivery.ParseRates(strings.Join(r.Rates, " "), c.Country)
	if err == nil && len(rates) == 0 {
		err = errors.New("no rates: name at least one, such as email=200 (0 is no limit)")
	}
	if err != nil {
		return usageError{err}
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		replaces := enqueue.AnyRates
		if r.Version >= 0 {
			replaces = r.Version
		}
		if err := q.SetRates(ctx, rates, replaces); err != nil {
			return err
		}
		return showRates(ctx, q, std)
	})
}

type ratesUnsetCmd struct{}

// Run takes rates back.
func (*ratesUnsetCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := q.UnsetRates(ctx); err != nil {
			return err
		}
		return showRates(ctx, q, std)
	})
}

func showRates(ctx context.Context, q *app.Client, std stdio) error {
	agreed, err := q.Rates(ctx)
	if err != nil {
		return err
	}
	return printRates(std.out, agreed)
}
