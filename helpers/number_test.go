package helpers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
)

func TestNumber(t *testing.T) {
	for name, c := range map[string]struct{ template, context, locale, want, issues string }{
		"missing":              {`[{{number n}}]`, `{}`, "", "[]", "missing_field"},
		"null":                 {`[{{number n}}]`, `{"n":null}`, "", "[]", "missing_field"},
		"blank":                {`[{{number n}}]`, `{"n":""}`, "", "[]", "missing_field"},
		"no number":            {`{{number n}}`, `{"n":"twelve"}`, "", "twelve", "invalid_number"},
		"bool":                 {`{{number n}}`, `{"n":true}`, "", "true", "invalid_number"},
		"list":                 {`{{number n}}`, `{"n":[1]}`, "", "1", "invalid_number"},
		"infinite":             {`{{number n}}`, `{"n":1e999}`, "", "Infinity", "invalid_number"},
		"exponent too large":   {`{{number n}}`, `{"n":"1e401"}`, "", "1e401", "invalid_number"},
		"exponent":             {`{{number n}}`, `{"n":"1.5e3"}`, "", "1,500", ""},
		"negative exponent":    {`{{number n}}`, `{"n":"1234e-6"}`, "", "0.001", ""},
		"numeric text":         {`{{number n}}`, `{"n":" -1234.5 "}`, "", "-1,234.5", ""},
		"plus":                 {`{{number n}}`, `{"n":"+5"}`, "", "5", ""},
		"leading zeros":        {`{{number n}}`, `{"n":"007"}`, "", "7", ""},
		"point first":          {`{{number n}}`, `{"n":".5"}`, "", "0.5", ""},
		"half rounds up":       {`{{number n decimals=0}}`, `{"n":2.5}`, "", "3", ""},
		"half rounds away":     {`{{number n decimals=0}}`, `{"n":-2.5}`, "", "-3", ""},
		"half of a text":       {`{{number n decimals=2}}`, `{"n":"1.005"}`, "", "1.01", ""},
		"carry":                {`{{number n decimals=1}}`, `{"n":999.95}`, "", "1,000.0", ""},
		"to zero":              {`{{number n decimals=1}}`, `{"n":-0.04}`, "", "0.0", ""},
		"three decimals":       {`{{number n}}`, `{"n":1.23456}`, "", "1.235", ""},
		"many digits":          {`{{number n}}`, `{"n":123456789012345678901234567890}`, "de", "123.456.789.012.345.678.901.234.567.890", ""},
		"group of 4":           {`{{number n}}`, `{"n":1234}`, "fr", "1\u202f234", ""},
		"no group of 4":        {`{{number n}}`, `{"n":1234}`, "es", "1234", ""},
		"Indian":               {`{{number n}}`, `{"n":12345678}`, "en-IN", "1,23,45,678", ""},
		"Arabic":               {`{{number n decimals=1}}`, `{"n":-1234.5}`, "ar-EG", "\u061c-١٬٢٣٤٫٥", ""},
		"old region":           {`{{currency n "USD"}}`, `{"n":5}`, "en-UK", "US$5.00", ""},
		"language unknown":     {`{{number n}}`, `{"n":5}`, "xx", "5", "unknown_locale"},
		"old currency":         {`{{currency n "DEM"}}`, `{"n":5}`, "de", "5,00\u00a0DM", ""},
		"option over message":  {`{{number n locale="de"}}`, `{"n":1234.5}`, "fr", "1.234,5", ""},
		"underscore":           {`{{number n locale="de_CH"}}`, `{"n":1234.5}`, "", "1'234.5", ""},
		"unknown locale":       {`{{number n locale="../x"}}`, `{"n":1234.5}`, "", "1,234.5", "unknown_locale"},
		"dollar":               {`{{currency n "USD"}}`, `{"n":1234.5}`, "", "$1,234.50", ""},
		"dollar, German":       {`{{currency n "USD"}}`, `{"n":-1234.5}`, "de", "-1.234,50\u00a0$", ""},
		"euro, Dutch":          {`{{currency n "EUR"}}`, `{"n":1234.5}`, "nl", "€\u00a01.234,50", ""},
		"franc, English":       {`{{currency n "CHF"}}`, `{"n":5}`, "en", "CHF\u00a05.00", ""},
		"franc, Swiss":         {`{{currency n "chf"}}`, `{"n":5}`, "de-CH", "CHF\u00a05.00", ""},
		"real":                 {`{{currency n "BRL"}}`, `{"n":5}`, "pt-BR", "R$\u00a05,00", ""},
		"euro, Portugal":       {`{{currency n "EUR"}}`, `{"n":5}`, "pt-PT", "5,00\u00a0€", ""},
		"yen":                  {`{{currency n "JPY"}}`, `{"n":1234.5}`, "en", "¥1,235", ""},
		"dinar":                {`{{currency n "KWD"}}`, `{"n":1.2345}`, "en", "KWD\u00a01.235", ""},
		"decimals":             {`{{currency n "USD" decimals=0}}`, `{"n":1234.5}`, "en", "$1,235", ""},
		"code from data":       {`{{currency n c}}`, `{"n":5,"c":"EUR"}`, "en", "€5.00", ""},
		"unknown code":         {`{{currency n c}}`, `{"n":5,"c":"<b>"}`, "en", "5.00", "unknown_currency"},
		"missing code":         {`{{currency n c}}`, `{"n":5}`, "en", "5.00", "unknown_currency"},
		"currency, missing":    {`[{{currency n "USD"}}]`, `{}`, "en", "[]", "missing_field"},
		"currency, no number":  {`{{currency n "USD"}}`, `{"n":"free"}`, "en", "free", "invalid_number"},
		"decimals from data":   {`{{number n decimals=d}}`, `{"n":5,"d":"x"}`, "en", "5", ""},
		"too many decimals":    {`{{number n decimals=d}}`, `{"n":5,"d":1e9}`, "en", "5.00000000000000000000", ""},
		"a million of decimal": {`{{number n}}`, `{"n":"0.` + strings.Repeat("1", 1<<20) + `"}`, "en", "0.111", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, issues, err := rendering{template: c.template, context: c.context, locale: c.locale, escape: handlebars.EscapeText}.run(t)
			if err != nil || got != c.want || codes(issues) != c.issues {
				t.Errorf("got %.100q, issues %q, %v, want %q, %q", got, codes(issues), err, c.want, c.issues)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for template, want := range map[string]string{
		`{{number a decimals=21}}`:             "decimals must be",
		`{{number a decimals="2"}}`:            "decimals must be",
		`{{currency a}}`:                       "currency",
		`{{currency a "US"}}`:                  `"US" is no currency code`,
		`{{plural n one="x"}}`:                 `plural needs other="…"`,
		`{{plural n other="x" some="y"}}`:      `no option "some"`,
		`{{plural n other="x" ordinal="yes"}}`: "ordinal must be true or false",
		`{{plural n other="x" decimals=-1}}`:   "decimals must be",
		`{{select s a="x"}}`:                   `select needs other="…"`,
		`{{add 1 "two"}}`:                      `"two" is no number`,
		`{{add 1}}`:                            "add",
		`{{divide a 0}}`:                       "a division by 0 has no result",
		`{{multiply (divide a 0.0) 2}}`:        "a division by 0 has no result",
		`{{subtract 1 2 3}}`:                   "subtract",
		`{{round "x"}}`:                        `"x" is no number`,
		`{{round a decimals=99}}`:              "decimals must be",
		`{{contains a ""}}`:                    "the part to look for is empty",
		`{{startsWith a}}`:                     "startsWith",
		`{{replace a "" "x"}}`:                 "the part to replace is empty",
		`{{first a -1}}`:                       "count must be",
		`{{last a 1.5}}`:                       "count must be",
		`{{sort a by=""}}`:                     "by must name a member",
		`{{phone a format="us"}}`:              "write international, national or e164",
		`{{phone a country="Germany"}}`:        `"Germany" is no country`,
		`{{truncate a}}`:                       "truncate",
		`{{truncate a -1}}`:                    "length must be",
		`{{truncate a 1.5}}`:                   "length must be",
		`{{truncate a "10"}}`:                  "length must be",
		`{{join}}`:                             "join",
		`{{default a}}`:                        "default",
		`{{#uppercase a}}x{{/uppercase}}`:      "uppercase",
		`{{eq a}}`:                             "eq",
		`{{#reverse a b}}{{this}}{{/reverse}}`: "reverse",
	} {
		_, err := environment(t).Compile("test", template)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", template, err, want)
		}
	}
}

func TestTextsAndLists(t *testing.T) {
	context, err := json.Marshal(map[string]any{
		"family": "👩‍👩‍👧‍👧", "combined": "e\u0301a\u0301", "long": strings.Repeat("ab ", 1000), "markup": "<b>",
		"items": []any{"a", 1, nil, true, "<"}, "none": []any{}, "one": []any{"x"}, "object": map[string]any{"a": 1, "b": 2},
		"zero": 0, "no": false, "empty": "",
	})
	if err != nil {
		t.Fatal(err)
	}
	for template, want := range map[string]string{
		`{{default missing empty "x"}}`:                      "x",
		`{{default zero "x"}}`:                               "0",
		`{{default no "x"}}`:                                 "false",
		`{{default missing empty}}`:                          "",
		`{{default none "x"}}|{{length (default none "x")}}`: "|0",
		`{{uppercase "ß ı ŉ"}}`:                              "SS I ʼN",
		`{{uppercase "i" locale="tr"}}`:                      "İ",
		`{{lowercase "ΣΑΣ"}}`:                                "σας",
		`{{capitalize "ijs" locale="nl"}}`:                   "IJs",
		`{{capitalize "  élan"}}`:                            "  Élan",
		`{{capitalize "ǆ"}}`:                                 "ǅ",
		`{{capitalize missing}}|{{uppercase ""}}`:            "|",
		`{{truncate family 1}}`:                              "👩‍👩‍👧‍👧",
		`{{truncate combined 1 ellipsis=""}}`:                "e\u0301",
		`{{truncate combined 1}}`:                            "…",
		`{{truncate combined 0}}|{{truncate missing 5}}`:     "|",
		`{{truncate "abcdef" 3 ellipsis="..."}}`:             "...",
		`{{truncate "abcdef" 2 ellipsis="..."}}`:             "..",
		`{{truncate "abcdef" 6}}`:                            "abcdef",
		`{{length (truncate long 20)}}{{truncate long 7}}|`:  "20ab ab…|",
		`{{join items}}`:                                     "a, 1, , true, <",
		`{{join items ""}}`:                                  "a1true<",
		`{{join none}}|{{join one "-" last="+"}}|{{join missing}}|{{join "text"}}`:                "|x||text",
		`{{join items "-" last=" & "}}`:                                                           "a-1--true & <",
		`{{length object}} {{length none}} {{length family}} {{length zero}} {{length missing}}`:  "2 0 1 0 0",
		`{{reverse family}}{{reverse "abc"}}{{reverse zero}}`:                                     "👩‍👩‍👧‍👧cba0",
		`{{#each (reverse items)}}{{@index}}{{this}}{{/each}}{{join items}}`:                      "0<1true23" + "14aa, 1, , true, <",
		`{{#reverse items as |v i|}}{{i}}{{v}}{{#if @last}}!{{/if}}{{/reverse}}`:                  "0<1true2314a!",
		`{{#reverse none}}x{{else}}none{{/reverse}}{{#reverse missing}}x{{else}}none{{/reverse}}`: "nonenone",
		`{{#each object}}{{@key}}{{/each}}{{#if (eq (length object) 2)}}two{{/if}}`:               "abtwo",
	} {
		got, _, err := rendering{template: template, context: string(context), escape: handlebars.EscapeText}.run(t)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", template, got, err, want)
		}
	}
}

// TestResultsAreEscaped holds that no helper prints customer data as markup.
func TestResultsAreEscaped(t *testing.T) {
	const evil = `<script>&"`
	for _, template := range []string{
		`{{default missing evil}}`, `{{uppercase evil}}`, `{{lowercase evil}}`, `{{capitalize evil}}`, `{{truncate evil 100}}`,
		`{{truncate "abc" 2 ellipsis=evil}}`, `{{join list}}`, `{{join "a" evil}}`, `{{join list evil last=evil}}`, `{{reverse evil}}`,
		`{{number evil}}`, `{{currency evil "USD"}}`, `{{dateFormat 0 format=evil}}`, `{{dateFormat 0 format=brackets}}`,
		`{{plural 1 one=evil other="x"}}`, `{{plural evil other="#"}}`, `{{select evil other=evil}}`, `{{select "a" a=evil other="x"}}`,
		`{{add evil 1}}`, `{{round evil}}`, `{{replace evil "a" "b"}}`, `{{replace "a" "a" evil}}`, `{{join (split evil "&")}}`,
		`{{first evil}}`, `{{last evil 3}}`, `{{first list}}`, `{{join (sort list)}}`, `{{url evil}}`, `{{phone evil}}`, `{{phone 1 format=evil}}`,
		`{{or evil}}`, `{{dateFormat evil}}`, `{{currency 1 evil}}`, `{{number 1 locale=evil}}`,
	} {
		context := fmt.Sprintf(`{"evil":%q,"list":[%q,%q],"brackets":"[<b>&]"}`, evil, evil, evil)
		got, _, err := rendering{template: template, context: context}.run(t)
		if err != nil || strings.ContainsAny(got, `<>"`) {
			t.Errorf("%s: got %q, %v", template, got, err)
		}
	}
}

// TestResultsAreBounded makes more than an execution may print.
func TestResultsAreBounded(t *testing.T) {
	items := make([]handlebars.Value, 100_000)
	for i := range items {
		items[i] = handlebars.Int(int64(i))
	}
	long := strings.Repeat("1", 100_000)
	for _, template := range []string{
		`{{join items long}}`, `{{replace long "1" long}}`, `{{length (replace long "1" long)}}`, `{{plural long other="` + strings.Repeat("# ", 10_000) + `"}}`,
	} {
		compiled, err := environment(t).Compile("test", template)
		if err != nil {
			t.Fatal(err)
		}
		_, err = compiled.Append(t.Context(), nil, &handlebars.Exec{Context: handlebars.Object(
			handlebars.Member{Key: "items", Value: handlebars.Array(items)}, handlebars.Member{Key: "long", Value: handlebars.String(long)})})
		if err == nil {
			t.Errorf("%.40s: more than 1 GB was made", template)
		}
	}
}
