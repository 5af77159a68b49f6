package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/suppress"
)

type suppressCmd struct {
	Add    suppressAddCmd    `cmd:"" help:"Put addresses on the list, or whole domains: '*@acme.com'."`
	Remove suppressRemoveCmd `cmd:"" help:"Take addresses or wildcards off the list."`
	Check  suppressCheckCmd  `cmd:"" help:"Say whether addresses may be written to, and why not."`
	List   suppressListCmd   `cmd:"" help:"Print some entries."`
	Import suppressImportCmd `cmd:"" help:"Add the rows of a CSV: address,reason, or what export wrote."`
	Export suppressExportCmd `cmd:"" help:"Print all entries as CSV."`
}

// suppressFlags say whose list it is.
type suppressFlags struct {
	Channel string `enum:"${channels}" default:"email" help:"Whose list: ${channelWords}."`
}

// with connects, calls do with the lists and disconnects.
func (f suppressFlags) with(ctx context.Context, c *app.Settings, std stdio, do func(*suppress.Store, message.Channel) error) (err error) {
	channel, err := message.ParseChannel(f.Channel)
	if err != nil {
		return usageError{err}
	}
	rdb, err := app.ConnectRedis(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rdb.Close()) }()
	store, err := c.NewSuppressions(rdb, c.Logger(std.err))
	if err != nil {
		return err
	}
	return do(store, channel)
}

// suppressEntry is what new entries say where nothing else does.
type suppressEntry struct {
	Reason string `default:"manual" help:"Why, as a code: hard_bounce, unsubscribed, complaint, manual, or your own."`
	Topic  string `default:"*" placeholder:"NAME" help:"Topic that they are about; * is all of them."`
	Source string `help:"Where this comes from, for people."`
	Allow  bool   `help:"Put them on the allow list: an address there is written to although its domain is blocked."`
}

func (s suppressEntry) entry(address, source string) suppress.Entry {
	return suppress.Entry{Address: address, Topic: s.Topic, Allow: s.Allow, Reason: s.Reason, Source: first(s.Source, source)}
}

type suppressAddCmd struct {
	suppressFlags `embed:""`
	suppressEntry `embed:""`
	Address       []string `arg:"" help:"Addresses, or wildcards such as '*@acme.com'."`
}

// Run adds the entries, all or none.
func (s *suppressAddCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return s.with(ctx, c, std, func(store *suppress.Store, channel message.Channel) error {
		entries := make([]suppress.Entry, len(s.Address))
		for i, address := range s.Address {
			entries[i] = s.entry(address, "herald suppress add")
		}
		if err := store.Add(ctx, channel, entries...); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%d added\n", len(entries))
		return nil
	})
}

type suppressRemoveCmd struct {
	suppressFlags `embed:""`
	Topic         string   `placeholder:"NAME" help:"The entries about this topic alone, * being those about all. All of their entries when empty."`
	Address       []string `arg:"" help:"Addresses or wildcards."`
}

// Run removes the entries from whichever list they are on.
func (s *suppressRemoveCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return s.with(ctx, c, std, func(store *suppress.Store, channel message.Channel) error {
		n, err := store.Remove(ctx, channel, s.Topic, s.Address...)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%d removed\n", n)
		return nil
	})
}

type suppressCheckCmd struct {
	suppressFlags `embed:""`
	Topic         string   `placeholder:"NAME" help:"Whether they may be written to about this topic; * asks for entries about all. The default of HERALD_TOPICS when empty."`
	Address       []string `arg:"" help:"Addresses."`
}

// Run prints a line for each address.
func (s *suppressCheckCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return s.with(ctx, c, std, func(store *suppress.Store, channel message.Channel) error {
		found, err := store.Check(ctx, channel, s.Topic, s.Address)
		if err != nil {
			return err
		}
		for i, address := range s.Address {
			if e := found[i]; e != nil {
				fmt.Fprintf(std.out, "%s: suppressed, %s, %s\n", address, e.Reason, e.Text())
			} else {
				fmt.Fprintf(std.out, "%s: may be written to\n", address)
			}
		}
		return nil
	})
}

type suppressListCmd struct {
	suppressFlags `embed:""`
	Most          int  `default:"50" help:"How many at the most; 0 is all."`
	JSON          bool `name:"json" help:"Print JSON, one entry a line."`
}

// Run prints entries as they come, in no order.
func (s *suppressListCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return s.with(ctx, c, std, func(store *suppress.Store, channel message.Channel) error {
		total, err := store.Count(ctx, channel)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		if !s.JSON {
			fmt.Fprintln(table, "ADDRESS\tTOPIC\tLIST\tREASON\tSINCE\tSOURCE")
		}
		n := 0
		for e, err := range store.List(ctx, channel) {
			if err != nil {
				return err
			}
			if s.Most > 0 && n == s.Most {
				break
			}
			n++
			if s.JSON {
				if err := json.NewEncoder(std.out).Encode(e); err != nil {
					return err
				}
				continue
			}
			list := "block"
			if e.Allow {
				list = "allow"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Address, e.Topic, list, e.Reason, e.At.Format(time.DateOnly), e.Source)
		}
		if s.JSON {
			return nil
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%d of %d\n", n, total)
		return nil
	})
}

type suppressImportCmd struct {
	suppressFlags `embed:""`
	suppressEntry `embed:""`
	File          string `arg:"" help:"A CSV, or - for standard input."`
}

// Run stores the rows that are right and names the others.
func (s *suppressImportCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return s.with(ctx, c, std, func(store *suppress.Store, channel message.Channel) error {
		from, _, err := openInput(s.File, std)
		if err != nil {
			return err
		}
		defer from.Close()
		source := "import"
		if s.File != "-" {
			source += " " + filepath.Base(s.File)
		}
		n, err := store.Import(ctx, channel, from, s.entry("", source))
		fmt.Fprintf(std.out, "%d imported\n", n)
		if err != nil {
			return fmt.Errorf("left out of %s:\n%w", s.File, err)
		}
		return nil
	})
}

type suppressExportCmd struct {
	suppressFlags `embed:""`
}

// Run prints what import reads.
func (s *suppressExportCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return s.with(ctx, c, std, func(store *suppress.Store, channel message.Channel) error {
		_, err := store.Export(ctx, channel, std.out)
		return err
	})
}
