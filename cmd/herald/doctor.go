package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/heraldsend/herald/worker/app"
)

type doctorCmd struct {
	From string `placeholder:"ADDR" help:"Sender address to try with the mail server; its domain is looked up in the DNS. The account's user or HERALD_DKIM_DOMAIN when not given."`
	JSON bool   `help:"Print JSON."`
}

// Run prints what is wrong and what to do, and fails where something is.
func (d *doctorCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	report := app.Diagnose(ctx, app.DoctorOptions{Settings: c, From: d.From})
	if d.JSON {
		if err := json.NewEncoder(std.out).Encode(report); err != nil {
			return err
		}
	} else if err := printReport(std.out, report); err != nil {
		return err
	}
	if !report.OK {
		return errors.New("something keeps Herald from sending: see above")
	}
	return nil
}

func printReport(w io.Writer, report app.Report) error {
	for _, f := range report.Findings {
		if _, err := fmt.Fprintf(w, "%-8s %-10s %s\n", f.Level, f.Part, f.Found); err != nil {
			return err
		}
		if f.Level == app.OK || f.Setting == "" && f.Advice == "" {
			continue
		}
		advice := f.Setting
		if f.Advice != "" && advice != "" {
			advice += ": "
		}
		if _, err := fmt.Fprintf(w, "%19s %s\n", "→", advice+f.Advice); err != nil {
			return err
		}
	}
	return nil
}
