package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/dryrun"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// dryRun renders the whole audience and prints what it found. It needs neither Redis, but for --suppressions, nor a mail
// server.
func (b *bulkSendCmd) dryRun(ctx context.Context, c *app.Settings, std stdio, d bulk.Definition, audience iter.Seq2[bulk.Recipient, error]) (err error) {
	catalog, err := c.Catalog()
	if err != nil {
		return err
	}
	local, err := b.files(attach.Bulk())
	if err != nil {
		return err
	}
	store := localBlobs{catalog: catalog, files: map[string][]byte{}}
	var refs []message.Ref
	for _, file := range local {
		sha := blob.Hash(file.data)
		store.files[sha] = file.data
		refs = append(refs, message.Ref{Name: file.name, Blob: sha})
	}
	renderer, err := c.Renderer()
	if err != nil {
		return err
	}
	var prepared []*render.Prepared
	for i := range d.Messages {
		p := &d.Messages[i]
		bundle, err := compose.BundleOf(catalog, p.Content)
		if err != nil {
			return err
		}
		p.Sources, p.Attachments = bundle.Hash(), append(p.Attachments, refs...)
		opened, err := renderer.Open(bundle)
		if err != nil {
			return err
		}
		prepared = append(prepared, opened)
	}
	files, err := attach.New(attach.Options{Root: c.Attachments, Blobs: store})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	options := dryrun.Options{
		Definition: d, Prepared: prepared, Audience: audience, Attachments: files, PerSecond: d.Rate, Sample: b.Sample, SegmentPrice: b.SMSPrice,
	}
	if b.Suppressions {
		rdb, err := app.ConnectRedis(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rdb.Close()) }()
		if options.Suppressed, err = suppressedIn(rdb, c, std); err != nil {
			return err
		}
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

// suppressedIn asks the suppression list on a Redis.
func suppressedIn(rdb redis.UniversalClient, c *app.Settings, std stdio) (func(context.Context, message.Channel, []string) ([]bool, error), error) {
	list, err := suppress.New(suppress.Options{Redis: rdb, Country: c.Country, Log: c.Logger(std.err)})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, c message.Channel, addresses []string) ([]bool, error) {
		entries, err := list.Check(ctx, c, addresses)
		if err != nil {
			return nil, err
		}
		found := make([]bool, len(entries))
		for i, entry := range entries {
			found[i] = entry != nil
		}
		return found, nil
	}, nil
}

// localBlobs are the catalog's files and those of --attach, by their hash.
type localBlobs struct {
	catalog *catalog.Catalog
	files   map[string][]byte
}

// Blob implements attach.Blobs.
func (l localBlobs) Blob(_ context.Context, sha string) ([]byte, error) {
	if data, ok := l.files[sha]; ok {
		return data, nil
	}
	data, err := l.catalog.Attachment(sha)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return data, nil
}
