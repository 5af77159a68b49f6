package dryrun

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Print writes the result for people, without the sample. Whatever came from the audience is on one line and without
// control characters.
func (r *Result) Print(w io.Writer) error {
	var out bytes.Buffer
	p := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	channels := make([]string, len(r.Messages))
	for i, m := range r.Messages {
		channels[i] = string(m.Channel)
	}
	fmt.Fprintf(p, "Dry run: %s, %s rows. Nothing was sent.\n", strings.Join(channels, " and "), thousands(r.Rows))
	if r.BadRows.Count > 0 {
		fmt.Fprintf(p, "\n  %s\trows can't be read\n", thousands(r.BadRows.Count))
	}
	for _, bad := range r.BadRows.Few {
		fmt.Fprintf(p, "\tline %d: %s\n", bad.Line, plain(bad.Text))
	}
	for i := range r.Messages {
		if fmt.Fprintln(p); len(r.Messages) > 1 {
			fmt.Fprintf(p, "%s\n\n", strings.ToUpper(channels[i]))
		}
		r.Messages[i].print(p)
	}
	fmt.Fprintln(p)
	if r.PerSecond > 0 {
		fmt.Fprintf(p, "Duration\t%s at %s a second\n", duration(r.Seconds), strconv.FormatFloat(r.PerSecond, 'f', -1, 64))
	}
	fmt.Fprintf(p, "Plan\t%s\n", r.Plan)
	if err := p.Flush(); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (r *MessageResult) print(p io.Writer) {
	line := func(count int, what string, more ...any) {
		if count > 0 {
			fmt.Fprintf(p, "  %s\t"+what+"\n", append([]any{thousands(count)}, more...)...)
		}
	}
	fmt.Fprintf(p, "  %s\twould be sent\n", thousands(r.Sendable))
	if r.Waits != "" {
		fmt.Fprintf(p, "  \tbut would wait: %s\n", r.Waits)
	}
	line(r.Failing, "would fail")
	line(r.Skipped, "would be skipped")
	line(r.Suppressed.Count, "suppressed: row %s", rows(r.Suppressed))
	line(r.Duplicates.Count, "come again: %s", repeats(r.Duplicates))
	table(p, "Failures", r.Failures)
	table(p, "Skipped", r.Skips)
	table(p, "Issues", r.Issues)
	table(p, "Mail", r.Mail)
	fmt.Fprintln(p)
	r.printSizes(p)
}

func (r *MessageResult) printSizes(p io.Writer) {
	if r.Bytes.Row > 0 {
		fmt.Fprintf(p, "Size\t%s on average, at most %s (row %d)\n", size(r.Bytes.Mean), size(float64(r.Bytes.Largest)), r.Bytes.Row)
	}
	if r.Attached.Total > 0 {
		fmt.Fprintf(p, "Files\t%s on average, at most %s (row %d), %s in all\n",
			size(r.Attached.Mean), size(float64(r.Attached.Largest)), r.Attached.Row, size(float64(r.Attached.Total)))
	}
	if s := r.SMS; s != nil && s.Segments > 0 {
		fmt.Fprintf(p, "SMS\t%s segments, at most %d (row %d, %s); %s in GSM-7, %s in UCS-2\n",
			thousands(s.Segments), s.Worst.Segments, s.Worst.Row, s.Worst.Encoding, thousands(s.GSM7), thousands(s.UCS2))
		var parts []string
		for _, n := range slices.Sorted(maps.Keys(s.BySegments)) {
			parts = append(parts, fmt.Sprintf("%s of %d", thousands(s.BySegments[n]), n))
		}
		fmt.Fprintf(p, "\t%s\n", strings.Join(parts, ", "))
		for _, f := range s.Forcing {
			swap := ""
			if f.Swap != "" {
				swap = fmt.Sprintf("; %q would not", plain(f.Swap))
			}
			fmt.Fprintf(p, "\t%q makes %s of them UCS-2: row %s%s\n", plain(f.Text), thousands(f.Count), rows(f.Rows), swap)
		}
		if s.Cost > 0 {
			fmt.Fprintf(p, "Cost\t%.2f\n", s.Cost)
		}
	}
}

func table(p io.Writer, title string, list []Finding) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(p, "\n%s\n", title)
	for _, f := range list {
		what := f.Code
		if f.Field != "" {
			what += " " + plain(f.Field)
		}
		fmt.Fprintf(p, "  %s\t%s\trow %s\t%s\n", thousands(f.Count), what, rows(f.Rows), plain(f.Example))
	}
}

// rows lists the first few.
func rows(r Rows) string {
	var parts []string
	for _, row := range r.Few {
		parts = append(parts, strconv.Itoa(row))
	}
	return strings.Join(parts, ", ") + more(r.Count, len(r.Few))
}

func repeats(d Duplicates) string {
	var parts []string
	for _, r := range d.Few {
		parts = append(parts, fmt.Sprintf("row %d (as row %d)", r.Row, r.First))
	}
	return strings.Join(parts, ", ") + more(d.Count, len(d.Few))
}

func more(count, shown int) string {
	if count > shown {
		return ", …"
	}
	return ""
}

// plain makes foreign text safe for a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, s)
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func size(bytes float64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%.0f bytes", bytes)
	case bytes < 1e6:
		return fmt.Sprintf("%.1f KB", bytes/1e3)
	}
	return fmt.Sprintf("%.1f MB", bytes/1e6)
}

func duration(seconds float64) string {
	if seconds < 1 {
		return "less than a second"
	}
	if seconds > 1e9 {
		return "more than 30 years"
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}
