package helpers_test

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
)

// edge is a template with what it prints and the codes of its issues.
type edge struct{ template, context, locale, want, issues string }

func (e edge) test(t *testing.T) {
	t.Helper()
	got, issues, err := rendering{template: e.template, context: e.context, locale: e.locale, escape: handlebars.EscapeText}.run(t)
	if err != nil || got != e.want || codes(issues) != e.issues {
		t.Errorf("%.200s with %.200s: got %q, issues %q, %v, want %q, %q", e.template, e.context, got, codes(issues), err, e.want, e.issues)
	}
}

func TestChoices(t *testing.T) {
	const (
		english = `{{plural n one="# day" other="# days"}}`
		arabic  = `{{plural n zero="z" one="o" two="t" few="f" many="m" other="x"}}`
	)
	for _, e := range []edge{
		{english, `{"n":1}`, "", "1 day", ""},
		{english, `{"n":"1"}`, "", "1 day", ""},
		{english, `{"n":1.0}`, "", "1 day", ""},
		{english, `{"n":-1}`, "", "-1 day", ""},
		{english, `{"n":1.5}`, "", "1.5 days", ""},
		{english, `{"n":0}`, "", "0 days", ""},
		{english, `{"n":1234567}`, "de", "1.234.567 days", ""},
		{english, `{}`, "", "", "missing_field"},
		{english, `{"n":""}`, "", "", "missing_field"},
		{english, `{"n":"a few"}`, "", "a few days", "invalid_number"},
		{english, `{"n":[1,2]}`, "", "1,2 days", "invalid_number"},
		{english, `{"n":2}`, "xx", "2 days", "unknown_locale"},
		{`{{plural n one="# star" other="# stars" decimals=1}}`, `{"n":1}`, "", "1.0 stars", ""},
		{`{{plural n other="item"}}`, `{"n":1}`, "", "item", ""},
		{`{{plural n one="" other="s"}}.`, `{"n":1}`, "", ".", ""},
		{`{{plural n zero="no" other="##1 is #"}}`, `{"n":0}`, "", "no", ""},
		{`{{plural n zero="no" other="##1 is #, ####"}}`, `{"n":7}`, "", "#1 is 7, ##", ""},
		{`{{plural n zero="no" other="#"}}`, `{"n":"-0.0001"}`, "", "no", ""},
		{`{{plural n one=a other=b}}`, `{"n":1,"a":"# {{x}}","b":"b"}`, "", "# {{x}}", ""},
		{`{{plural n one=a other="b"}}`, `{"n":1}`, "", "", ""},
		{`{{plural n two="both" other="#"}}`, `{"n":2}`, "", "2", ""},
		{arabic, `{"n":0}`, "ar", "z", ""},
		{arabic, `{"n":2}`, "ar", "t", ""},
		{arabic, `{"n":3}`, "ar-EG", "f", ""},
		{arabic, `{"n":11}`, "ar", "m", ""},
		{arabic, `{"n":100}`, "ar", "x", ""},
		{arabic, `{"n":10}`, "lv", "z", ""},
		{arabic, `{"n":1000000}`, "fr", "m", ""},
		{arabic, `{"n":0}`, "pt-BR", "z", ""},
		{`{{plural n one="o" other="x" locale="pt-PT"}}`, `{"n":0}`, "pt-BR", "x", ""},
		{`{{plural n one="o" other="x"}}`, `{"n":0}`, "pt-BR", "o", ""},
		{`{{plural n one="#st" two="#nd" few="#rd" other="#th" ordinal=true}}`, `{"n":113}`, "", "113th", ""},
		{`{{plural n one="#st" two="#nd" few="#rd" other="#th" ordinal=false}}`, `{"n":3}`, "", "3th", ""},
		{`{{#if (eq (plural n one="a" other="b") "a")}}yes{{/if}}`, `{"n":1}`, "", "yes", ""},
		{`{{select s open="o" other="x"}}`, `{}`, "", "x", ""},
		{`{{select s open="o" other="x"}}`, `{"s":null}`, "", "x", ""},
		{`{{select s open="o" other="x"}}`, `{"s":"Open"}`, "", "x", ""},
		{`{{select s other="x"}}`, `{"s":"other"}`, "", "x", ""},
		{`{{select s 1="one" other="x"}}`, `{"s":1}`, "", "one", ""},
		{`{{select s false="no" other="x"}}`, `{"s":false}`, "", "no", ""},
		{`{{select s a=name other="x"}}`, `{"s":"a","name":"<&>"}`, "", "<&>", ""},
		{`{{select s [a b]="ab" other=""}}|`, `{"s":"c"}`, "", "|", ""},
	} {
		e.test(t)
	}
}

func TestArithmetic(t *testing.T) {
	for _, e := range []edge{
		{`{{add 0.1 0.2}} {{add a b}}`, `{"a":0.7,"b":0.1}`, "", "0.3 0.8", ""},
		{`{{subtract 0.3 0.1}} {{multiply 1.1 3}} {{divide 0.3 0.1}}`, `{}`, "", "0.2 3.3 3", ""},
		{`{{add a 1 "2" -3.50}}`, `{"a":" 10 "}`, "", "9.5", ""},
		{`{{add 9007199254740993 1}} {{multiply 12345678901234567890 10}}`, `{}`, "", "9007199254740994 123456789012345678900", ""},
		{`{{divide 1 3}} {{divide -2 3}}`, `{}`, "", "0.33333333333333333333 -0.66666666666666666667", ""},
		{`{{add n 0.01}} {{currency (add n 0.01) "USD"}} {{number n decimals=2}} {{round n}}`, `{"n":12345678901234567890.55}`, "",
			"12345678901234567890.56 $12,345,678,901,234,567,890.56 12,345,678,901,234,567,890.55 12345678901234567891", ""},
		{`{{add n 1}} {{number n}}`, `{"n":1.5e3}`, "", "1501 1,500", ""},
		{`{{subtract 1 1}} {{multiply 0 -1}} {{round -0.4}}`, `{}`, "", "0 0 0", ""},
		{`{{round 0.5}} {{round 1.5}} {{round -0.5}} {{round 1.45 decimals=1}} {{round "12.005" decimals=2}} {{round 7 decimals=2}}`, `{}`, "", "1 2 -1 1.5 12.01 7", ""},
		{`[{{add a 1}}]`, `{}`, "", "[]", "missing_field"},
		{`[{{add 1 a}}]`, `{"a":"free"}`, "", "[]", "invalid_number"},
		{`[{{add 1 a}}]`, `{"a":true}`, "", "[]", "invalid_number"},
		{`[{{divide 1 a}}]`, `{"a":"0.00"}`, "", "[]", "invalid_number"},
		{`[{{round a}}]`, `{"a":"x"}`, "", "[]", "invalid_number"},
		{`[{{multiply a a a}}]`, `{"a":` + strings.Repeat("9", 400) + `}`, "", "[]", "invalid_number"},
		{`[{{add a 1}}]`, `{"a":"` + strings.Repeat("9", 1<<20) + `"}`, "", "[]", "invalid_number"},
		{`{{currency (multiply (add price 0.01) quantity) "EUR"}}`, `{"price":19.98,"quantity":"3"}`, "de", "59,97\u00a0€", ""},
		{`{{#ifCond (add 1 1) "<" 10}}numbers{{/ifCond}} {{#ifCond (add 5 5) ">" "9"}}numbers{{/ifCond}}`, `{}`, "", "numbers numbers", ""},
		{`{{#each l}}{{add @index 1}}{{/each}}`, `{"l":["a","b"]}`, "", "12", ""},
		{`{{#if (subtract a a)}}some{{else}}none{{/if}}`, `{"a":5}`, "", "none", ""},
	} {
		e.test(t)
	}
}

func TestParts(t *testing.T) {
	for _, e := range []edge{
		{`{{contains "abc" "b"}} {{contains "abc" "B"}} {{contains "abc" "B" ignoreCase=true}}`, `{}`, "", "true false true", ""},
		{`{{contains "STRASSE" "straße" ignoreCase=true}} {{contains "ΣΑΣ" "σας" ignoreCase=true}}`, `{}`, "", "true true", ""},
		{`{{contains missing "b"}} {{contains "abc" missing}} {{contains "abc" empty}} {{startsWith "a" empty}} {{endsWith "a" missing}}`, `{"empty":""}`, "", "false false false false false", ""},
		{`{{contains l "1"}} {{contains l 2}} {{contains l "vip"}} {{contains l "VIP" ignoreCase=true}} {{contains l "vi"}}`, `{"l":[1,"2","vip"]}`, "", "true true true true false", ""},
		{`{{startsWith l "a"}} {{startsWith 123 "12"}} {{endsWith 123 3}} {{contains o "a"}}`, `{"l":["a"],"o":{"a":1}}`, "", "false true true false", ""},
		{`{{#startsWith s "a"}}yes{{else}}no{{/startsWith}}{{#endsWith s "c"}}yes{{/endsWith}}`, `{"s":"abc"}`, "", "yesyes", ""},
		{`{{replace s "a" "b"}} {{replace s "." ""}} {{replace missing "a" "b"}}|{{replace s e "x"}}`, `{"s":"a.a","e":""}`, "", "b.b aa |a.a", ""},
		{`{{replace 1000 0 "o"}} {{replace "aaa" "aa" "b"}}`, `{}`, "", "1ooo ba", ""},
		{`{{join (split "a,,b")}} {{length (split "a")}} {{length (split "")}} {{length (split missing)}}`, `{}`, "", "a, , b 1 0 0", ""},
		{`{{join (split "né👩‍👩‍👧‍👧" "") "|"}} {{join (split "a; b" "; ") "|"}} {{last (split "x/y/z" "/")}}`, `{}`, "", "n|é|👩‍👩‍👧‍👧 a|b z", ""},
	} {
		e.test(t)
	}
}

func TestAddresses(t *testing.T) {
	for _, e := range []edge{
		{`{{url "a b/c?d=e&f=ä_~!'()*"}}`, `{}`, "", "a%20b%2Fc%3Fd%3De%26f%3D%C3%A4%5F%7E%21%27%28%29%2A", ""},
		{`{{url missing}}|{{url 1.5}}|{{url true}}`, `{}`, "", "|1.5|true", ""},
		{`{{phone "+4930123456"}} {{phone "0049 30 123456" country="de"}}`, `{}`, "", "+49 30 123456 +49 30 123456", ""},
		{`{{phone n}}`, `{"n":14155552671}`, "en-US", "+1 415-555-2671", ""},
		{`{{phone n}}`, `{"n":"030 123456"}`, "de_AT", "+43 3012 3456", ""},
		{`{{phone n}}`, `{"n":"030 123456"}`, "de", "030 123456", "invalid_phone"},
		{`{{phone n}}`, `{"n":"call me"}`, "en-US", "call me", "invalid_phone"},
		{`{{phone n}}`, `{"n":"+49"}`, "", "+49", "invalid_phone"},
		{`[{{phone n}}]`, `{"n":" "}`, "", "[]", "missing_field"},
		{`[{{phone n}}]`, `{}`, "", "[]", "missing_field"},
		{`{{phone n format=f}}`, `{"n":"+4930123456","f":"us"}`, "", "+49 30 123456", "invalid_format"},
		{`{{phone n country=c}}`, `{"n":"030 123456","c":"Germany"}`, "", "030 123456", "invalid_phone"},
		{`{{phone n}}`, `{"n":"` + strings.Repeat("1", 101) + `"}`, "en-US", strings.Repeat("1", 101), "invalid_phone"},
	} {
		e.test(t)
	}
}

// TestFieldsOfAHelpersName holds that data keeps its names.
func TestFieldsOfAHelpersName(t *testing.T) {
	edge{
		`{{#with c}}{{phone}} {{url}} {{number}} {{currency}} {{first}} {{last}} {{#if phone}}{{phone phone}}{{/if}} {{#first}}{{this}}{{/first}}{{/with}}`,
		`{"c":{"phone":"+4930123456","url":"u","number":7,"currency":"EUR","first":"a","last":"z"}}`, "",
		"+4930123456 u 7 EUR a z +49 30 123456 a", "",
	}.test(t)
}

// TestPhoneIsNotTold holds that no issue shows a number.
func TestPhoneIsNotTold(t *testing.T) {
	for _, n := range []string{"030 1234567", "+1415555", "123456789012345678901"} {
		_, issues, err := rendering{template: `{{phone n}}`, context: `{"n":"` + n + `"}`}.run(t)
		if err != nil || len(issues) != 1 || strings.Contains(issues[0].Message, n) {
			t.Errorf("%s: %v, %v", n, issues, err)
		}
	}
}

// TestURLIsSafeInEveryOutput holds that the encoded value is the same in HTML, Markdown and text.
func TestURLIsSafeInEveryOutput(t *testing.T) {
	var all []byte
	for b := byte(' '); b < 0x7f; b++ {
		all = append(all, b)
	}
	x := handlebars.Exec{Context: handlebars.Object(handlebars.Member{Key: "all", Value: handlebars.String(string(all))})}
	template, err := environment(t).Compile("test", `{{url all}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, escape := range []handlebars.Escape{handlebars.EscapeHTML, handlebars.EscapeMarkdown, handlebars.EscapeText} {
		x.Escape = escape
		got, err := template.Append(t.Context(), nil, &x)
		if err != nil || strings.Trim(string(got), "%-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%d: got %q, %v", escape, got, err)
		}
	}
}
