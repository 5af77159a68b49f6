package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/worker/har"
	"github.com/heraldsend/herald/worker/message"
)

type harCmd struct {
	File   string `arg:"" help:"A HAR that a browser's developer tools saved; - for standard input."`
	Out    string `placeholder:"FILE" help:"Where the HAR without secrets goes: a .har, or a .zip that mails may carry."`
	Bodies string `enum:"none,shape" default:"none" help:"none: without bodies; shape: of JSON, the names of its members with the kinds of their values."`
	Slow   int    `default:"5" help:"How many of the slowest requests are shown."`
	JSON   bool   `name:"json" help:"Print the HAR without secrets."`
}

// Run shows what failed and what was slow, and writes the HAR without secrets. Nothing that it prints is secret.
func (h *harCmd) Run(std stdio) error {
	data, err := readInput(h.File, std, har.MaxBytes)
	if err != nil {
		return err
	}
	record, err := har.Read(data, har.Bodies(h.Bodies))
	if err != nil {
		return fmt.Errorf("%s: %w", h.File, err)
	}
	if h.Out != "" {
		if err := writeHAR(h.Out, record); err != nil {
			return err
		}
	}
	if h.JSON {
		return printJSON(std, record)
	}
	page := newPage(std)
	failed := record.Failed()
	program := strings.TrimSpace(first(record.Log.Browser.Name, record.Log.Creator.Name) + " " + first(record.Log.Browser.Version, record.Log.Creator.Version))
	page.line(fmt.Sprintf("%d requests of %s, %d failed", len(record.Log.Entries), first(program, "an unknown browser"), len(failed)))
	row := func(e har.Entry) []string {
		state := strconv.Itoa(e.Response.Status)
		if e.Response.Status == 0 {
			state = first(e.Error, "no answer")
		}
		return []string{state, fmt.Sprintf("%.0f ms", max(e.Time, 0)), e.Request.Method, shown(e.Request.URL), waits(e.Timings)}
	}
	for _, part := range []struct {
		title   string
		entries []har.Entry
	}{{"Failed", failed}, {"Slowest", record.Slowest(h.Slow)}} {
		if len(part.entries) == 0 {
			continue
		}
		page.heading(part.title, "")
		var rows [][]string
		for _, e := range part.entries {
			rows = append(rows, row(e))
		}
		page.columns(nil, rows)
	}
	_, err = page.WriteTo(std.out)
	return err
}

// waits says where most of the time went.
func waits(t har.Timings) string {
	name, most := "", 0.0
	for _, one := range []struct {
		name string
		ms   float64
	}{{"queued", t.Blocked}, {"DNS", t.DNS}, {"connecting", t.Connect}, {"TLS", t.SSL}, {"sending", t.Send}, {"waiting", t.Wait}, {"receiving", t.Receive}} {
		if one.ms > most {
			name, most = one.name, one.ms
		}
	}
	if name == "" {
		return ""
	}
	return fmt.Sprintf("%.0f ms %s", most, name)
}

// writeHAR writes a HAR, or packs it into a zip file that is small enough for a mail.
func writeHAR(path string, record *har.Record) error {
	data, err := json.MarshalIndent(record, "", " ")
	if err != nil {
		return err
	}
	if !strings.EqualFold(filepath.Ext(path), ".zip") {
		return os.WriteFile(path, data, 0o600)
	}
	packed, err := packed(map[string][]byte{strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) + ".har": data})
	if err != nil {
		return err
	}
	if len(packed) > message.MaxFile {
		return fmt.Errorf("%s would have %d bytes, and a mail takes %d: record less", path, len(packed), message.MaxFile)
	}
	return os.WriteFile(path, packed, 0o600)
}

// packed is a zip file.
func packed(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range sortedKeys(files) {
		f, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
