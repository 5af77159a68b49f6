package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
)

// WriteText writes a finding a line, as compilers do, and a last line that
// counts them.
func (r *Report) WriteText(w io.Writer) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(w, "%s (%s)\n", f, f.Code); err != nil {
			return err
		}
	}
	faults := r.Errors()
	_, err := fmt.Fprintf(w, "%s, %s, %s: %s, %s\n", counted(r.Shortcuts, "shortcut"), counted(r.Snippets, "snippet"),
		counted(r.Emails, "email template"), counted(faults, "error"), counted(len(r.Findings)-faults, "warning"))
	return err
}

// WriteText writes what was mended: the finding's place and words, and its lines before and after.
func (f *FixedFinding) WriteText(w io.Writer) error {
	place := f.Finding
	place.Severity, place.Message = "", "mended: "+f.Message
	_, err := fmt.Fprintf(w, "%s (%s)\n%s%s", place, f.Code, marked("-", f.Before), marked("+", f.After))
	return err
}

// marked puts a sign before every line.
func marked(sign, text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("  " + sign + " " + strings.TrimRight(line, "\r") + "\n")
	}
	return b.String()
}

// counted gives "1 error", "2 errors".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// WriteJSON writes the report as one object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	out := *r
	if out.Findings == nil {
		out.Findings = []catalog.Finding{}
	}
	return e.Encode(out)
}

// WriteSARIF writes the report in the Static Analysis Results Interchange
// Format, version 2.1.0, which code hosts show beside the lines. Addresses are
// relative to the catalog's folder.
func (r *Report) WriteSARIF(w io.Writer, version string) error {
	type text struct {
		Text string `json:"text"`
	}
	type rule struct {
		ID string `json:"id"`
	}
	type region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	type physical struct {
		ArtifactLocation map[string]string `json:"artifactLocation"`
		Region           *region           `json:"region,omitempty"`
	}
	type location struct {
		PhysicalLocation physical `json:"physicalLocation"`
	}
	type result struct {
		RuleID    string     `json:"ruleId"`
		Level     string     `json:"level"`
		Message   text       `json:"message"`
		Locations []location `json:"locations"`
	}
	rules, results := []rule{}, []result{}
	seen := make(map[string]bool)
	for _, f := range r.Findings {
		if !seen[f.Code] {
			seen[f.Code] = true
			rules = append(rules, rule{f.Code})
		}
		p := physical{ArtifactLocation: map[string]string{"uri": f.File, "uriBaseId": "%SRCROOT%"}}
		if f.Line > 0 {
			p.Region = &region{f.Line, f.Column, f.EndLine, f.EndColumn}
		}
		results = append(results, result{f.Code, string(f.Severity), text{f.Message}, []location{{p}}})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{map[string]any{
			"tool": map[string]any{"driver": map[string]any{
				"name": "herald lint", "version": version, "informationUri": "https://github.com/heraldsend/herald", "rules": rules,
			}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	})
}
