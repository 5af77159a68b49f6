package helpers

import (
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"

	"github.com/heraldsend/herald/render/handlebars"
)

// addressEntries are the helpers for what people click on or dial.
func addressEntries() []Entry {
	return []Entry{{
		Name: "url", Signature: "url value",
		Doc: "The value encoded for a link, after `?name=` or between two `/`: everything but letters, digits, `-` and `.` becomes `%` and two " +
			"hexadecimal digits, as by JavaScript's `encodeURIComponent`, and `_ ~ ! ' ( ) *`, too, which Markdown might read. Without a value, " +
			"`{{url}}` is the field `url`.",
		Examples: []Example{
			{Template: `https://example.com/search?q={{url query}}`, Context: `{"query":"blue shoes & more"}`, Output: "https://example.com/search?q=blue%20shoes%20%26%20more"},
			{Template: `{{url email}}`, Context: `{"email":"zoë+a@example.com"}`, Output: "zo%C3%AB%2Ba%40example.com"},
		},
		Args:   []Param{{Name: "value", Kind: Text}},
		Gives:  Text,
		helper: handlebars.Helper{OrField: true, Func: encodeURL},
	}, {
		Name: "phone", Signature: "phone number format= country=",
		Doc: "The phone number as people write it. `format` is `international` (unless given), `national`, or `e164` for links. A number without `+` is " +
			"one of `country`, two letters, else of the country in the message's locale (`de-AT`). What is no phone number prints as it is and raises an " +
			"issue. Without a value, `{{phone}}` is the field `phone`.",
		Examples: []Example{
			{Template: `{{phone customer.phone}}`, Context: `{"customer":{"phone":"+14155552671"}}`, Output: "+1 415-555-2671"},
			{Template: `{{phone number format="national"}}`, Context: `{"number":"+4930123456"}`, Output: "030 123456"},
			{Template: `{{phone number country="GB"}}`, Context: `{"number":"020 7946 0958"}`, Output: "+44 20 7946 0958"},
			{Template: `tel:{{phone number format="e164"}}`, Context: `{"number":"030 123456"}`, Output: "tel:+4930123456", Locale: "de-DE"},
		},
		Args:    []Param{{Name: "number", Kind: Text}},
		Options: []Param{{Name: "format", Kind: Text, Values: []string{"international", "national", "e164"}}, {Name: "country", Kind: Text}},
		Gives:   Text,
		helper:  handlebars.Helper{OrField: true, Prepare: preparePhone, Func: phone},
	}}
}

// encodeURL gives letters, digits, "-", "." and "%" alone, which no output reads as markup, so that the result is not escaped.
func encodeURL(c *handlebars.Call) (handlebars.Value, error) {
	const hex = "0123456789ABCDEF"
	text := c.Arg(0).Text()
	out := make([]byte, 0, len(text)+16)
	for i := range len(text) {
		if b := text[i]; b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '.' {
			out = append(out, b)
		} else {
			out = append(out, '%', hex[b>>4], hex[b&15])
		}
	}
	return handlebars.Safe(string(out)), nil
}

var phoneFormats = map[string]phonenumbers.PhoneNumberFormat{
	"international": phonenumbers.INTERNATIONAL, "national": phonenumbers.NATIONAL, "e164": phonenumbers.E164,
}

func preparePhone(site *handlebars.Site) (any, error) {
	if v, ok := site.Option("format"); ok {
		if _, known := phoneFormats[v.Text()]; !known {
			return nil, fmt.Errorf("there is no format %s; write international, national or e164", quote(v))
		}
	}
	if v, ok := site.Option("country"); ok && !isCountry(v.Text()) {
		return nil, fmt.Errorf(`%s is no country; write its two letters, as country="DE"`, quote(v))
	}
	return nil, nil
}

func isCountry(code string) bool { return phonenumbers.GetSupportedRegions()[strings.ToUpper(code)] }

const maxPhone = 100 // bytes; no number comes near

func phone(c *handlebars.Call) (handlebars.Value, error) {
	text := c.Arg(0).Text()
	if strings.TrimSpace(text) == "" {
		c.Issue(handlebars.IssueMissingField, c.ArgText(0), "there is no phone number")
		return handlebars.Value{}, nil
	}
	n, problem := readPhone(c, text)
	if problem != "" {
		c.Issue(IssueInvalidPhone, c.ArgText(0), problem)
		return handlebars.String(text), nil
	}
	name := optionText(c, "format", "international")
	format, ok := phoneFormats[name]
	if !ok {
		c.Issue(IssueInvalidFormat, "format", "there is no format "+quoteText(name)+" of phone numbers; international stands in")
		format = phonenumbers.INTERNATIONAL
	}
	return handlebars.String(phonenumbers.Format(n, format)), nil
}

// readPhone reads the number, or says why it can't. The text of a number is personal and stays out of the message.
func readPhone(c *handlebars.Call, text string) (n *phonenumbers.PhoneNumber, problem string) {
	country := strings.ToUpper(optionText(c, "country", ""))
	if country == "" {
		if t, err := language.Parse(strings.ReplaceAll(c.Locale(), "_", "-")); err == nil {
			if region, confidence := t.Region(); confidence == language.Exact {
				country = region.String()
			}
		}
	}
	if len(text) > maxPhone {
		return nil, "no phone number: it is too long"
	}
	n, err := phonenumbers.Parse(text, country)
	switch {
	case err == nil && phonenumbers.IsPossibleNumber(n):
		return n, ""
	case country == "" && !strings.HasPrefix(strings.TrimSpace(text), "+"):
		return nil, `the phone number has no country code; store it with "+", or write country="DE"`
	}
	return nil, "no phone number, or one with digits missing or too many"
}
