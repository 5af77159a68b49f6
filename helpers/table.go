package helpers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// The issues that helpers raise, besides handlebars.IssueMissingField for a value that is absent.
const (
	IssueInvalidDate     handlebars.Code = "invalid_date"     // text or a number that is no date
	IssueInvalidNumber   handlebars.Code = "invalid_number"   // text that is no number
	IssueInvalidFormat   handlebars.Code = "invalid_format"   // a date format that is too long, or an unknown one of phone numbers
	IssueUnknownZone     handlebars.Code = "unknown_zone"     // a time zone that is not in the data
	IssueUnknownLocale   handlebars.Code = "unknown_locale"   // a locale that there is no data for
	IssueUnknownCurrency handlebars.Code = "unknown_currency" // a currency code that is not in ISO 4217
	IssueInvalidPhone    handlebars.Code = "invalid_phone"    // text that is no phone number, or one whose country is not known
	IssueUnknownOperator handlebars.Code = "unknown_operator" // an operator of ifCond's that came from data
)

// Entry is one row of the table.
type Entry struct {
	Name      string
	Signature string // as it is written in a template, without braces: "join list separator last="
	Doc       string // one or more sentences
	Args      []Param
	Options   []Param
	Gives     Kind   // what it returns; of a block: Any
	Operator  string // of a comparison: how ifCond writes it
	Examples  []Example
	BuiltIn   bool // the language's own; not among All
	helper    handlebars.Helper
}

// Example is a template, the JSON of its context, and what comes out of it. Locale and Timezone are the execution's
// defaults, mostly empty.
type Example struct {
	Template, Context, Output string
	Locale, Timezone          string
}

// ExamplesNow is what examples take for now: 2019-01-20T00:00Z, in milliseconds since 1970.
const ExamplesNow = 1_547_942_400_000

// All returns the helpers for handlebars.Options. Each call makes its own cache of compiled formats.
func All() []handlebars.Helper {
	var out []handlebars.Helper
	for _, e := range Table() {
		if !e.BuiltIn {
			out = append(out, e.declared())
		}
	}
	return out
}

// Table returns every helper: dates and conditions first, the language's own last.
func Table() []Entry {
	return slices.Concat(dateEntries(), relativeEntries(), conditionEntries(), choiceEntries(), textEntries(), partEntries(), listEntries(), orderEntries(),
		numberEntries(), arithmeticEntries(), addressEntries(), builtInEntries())
}

// Markdown prints the table as the README's list.
func Markdown() string {
	var b strings.Builder
	for _, e := range Table() {
		kind := ""
		if e.BuiltIn {
			kind = " (of the language)"
		}
		fmt.Fprintf(&b, "- `%s`%s: %s\n", e.Signature, kind, e.Doc)
		for _, x := range e.Examples {
			b.WriteString("  - " + x.markdown() + "\n")
		}
	}
	return b.String()
}

func (x Example) markdown() string {
	s := fmt.Sprintf("`%s`", oneLine(x.Template))
	if x.Context != "" {
		s += fmt.Sprintf(" with `%s`", oneLine(x.Context))
	}
	if x.Locale != "" {
		s += fmt.Sprintf(" in a message in `%s`", x.Locale)
	}
	if x.Timezone != "" {
		s += fmt.Sprintf(" in the time zone `%s`", x.Timezone)
	}
	if x.Output == "" {
		return s + " gives nothing"
	}
	return s + fmt.Sprintf(" gives `%s`", oneLine(x.Output))
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }
