package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/blob"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/dryrun"
	"github.com/heraldsend/herald/worker/message"
)

// dryRun renders the whole audience and prints what it found. It needs neither Redis nor a mail server.
func (b *bulkSendCmd) dryRun(ctx context.Context, c *config, std stdio, d bulk.Definition, audience iter.Seq2[bulk.Recipient, error]) (err error) {
	if d.Content, err = b.named(); err != nil {
		return err
	}
	catalog, err := loadCatalog(c)
	if err != nil {
		return err
	}
	bundle, err := worker.BundleOf(catalog, d.Content)
	if err != nil {
		return err
	}
	d.Content.Sources = bundle.Hash()
	local, err := b.files(attach.Bulk())
	if err != nil {
		return err
	}
	store := localBlobs{catalog: catalog, files: map[string][]byte{}}
	for _, file := range local {
		sha := blob.Hash(file.data)
		store.files[sha] = file.data
		d.Attachments = append(d.Attachments, message.Ref{Name: file.name, Blob: sha})
	}
	if d.ID == "" {
		d.ID = "dry-run"
	}
	if err := d.Validate(); err != nil {
		return err
	}
	renderer, err := render.New(render.Options{Locale: first(c.Locale, defaultLocale), Timezone: first(c.Timezone, defaultTimezone)})
	if err != nil {
		return err
	}
	prepared, err := renderer.Open(bundle)
	if err != nil {
		return err
	}
	files, err := attach.New(attach.Options{Root: c.Attachments, Blobs: store})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	result, err := dryrun.Run(ctx, dryrun.Options{
		Definition: d, Prepared: prepared, Audience: audience, Attachments: files, PerSecond: b.Rate, Sample: b.Sample,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", b.Audience, err)
	}
	if b.JSON {
		return json.NewEncoder(std.out).Encode(result)
	}
	if err := result.Print(std.out); err != nil {
		return err
	}
	for _, m := range result.Sample {
		fmt.Fprintf(std.out, "\nRow %d, to %s", m.Row, m.To)
		if m.Content.Subject != "" {
			fmt.Fprintf(std.out, ": %s", m.Content.Subject)
		}
		fmt.Fprint(std.out, "\n\n")
		for _, line := range wrap(strings.TrimSpace(m.Content.Text), 92) {
			fmt.Fprintf(std.out, "  | %s\n", line)
		}
	}
	return nil
}

// localBlobs are the catalog's files and those of --attach, by their hash.
type localBlobs struct {
	catalog *render.Catalog
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
