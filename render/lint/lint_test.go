package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

// The catalog that comes with Herald is clean.
func TestLintSamples(t *testing.T) {
	report := Folder(templates.Catalog(), Options{})
	for _, f := range report.Findings {
		t.Error(f, f.Code)
	}
	if report.Shortcuts < 8 || report.Snippets < 8 || report.Emails < 2 {
		t.Errorf("%+v", report)
	}
}

func TestLint(t *testing.T) {
	manual, err := os.ReadFile("../../templates/README.md")
	if err != nil {
		t.Fatal(err)
	}
	message := func(lines ...string) []string {
		return []string{"shortcuts/s.yaml", "subject: x\nmessage: |\n  " + strings.Join(lines, "\n  ") + "\n"}
	}
	for _, c := range []struct {
		name  string
		files []string
		want  string // "file:line:col code" a line
		says  string // in the first finding
	}{
		{"clean", message("Hi {{customer.firstName}}", "{{#each conversation.channels}}{{this}} {{@index}}{{/each}}", "{{#with customer}}{{name}}{{/with}}",
			"{{#each kobjects.order.custom.linesTxt as |line|}}{{line.text}} {{../customer.name}}{{/each}}"), "", ""},
		{"unknown field", message("a", "Hi {{customer.fistName}}"), "shortcuts/s.yaml:4:8 unknown_field", `did you mean "customer.firstName"`},
		{"unknown field in a condition", message("{{#if custmer.name}}x{{/if}}"), "shortcuts/s.yaml:3:9 unknown_field", "customer.name"},
		{"unknown field within with", message("{{#with customer}}{{nme}}{{/with}}"), "shortcuts/s.yaml:3:23 unknown_field", "customer.name"},
		{"unknown field after else", message("{{#each conversation.channels}}{{x}}{{else}}{{custmer.name}}{{/each}}"), "shortcuts/s.yaml:3:49 unknown_field", ""},
		{"unknown field in ifCond", message(`{{#ifCond customer.custom.tierStr "==" "x"}}{{../customer.nme}}{{/ifCond}}`), "shortcuts/s.yaml:3:49 unknown_field", "customer.name"},
		{"unknown field as an option", message(`{{dateFormat customer.custom.bornAt timezone=customer.timezone}}`), "shortcuts/s.yaml:3:48 unknown_field", ""},
		{"a catalog's own field", append(message("{{order.number}} {{shop.Name}} {{shop.nam}}"), "defaults.yaml", "fields: [order.*, shop.Name]\n"),
			"shortcuts/s.yaml:3:36 unknown_field", "shop.Name"},
		{"unknown helper", message("{{datFormat customer.custom.x}}"), "shortcuts/s.yaml:3:5 unknown_helper", "dateFormat"},
		{"unknown snippet", message("ü [[sn.gretting]]"), "shortcuts/s.yaml:3:5 unknown_snippet", ""},
		{"unknown partial", message("{{> foot}}"), "shortcuts/s.yaml:3:7 unknown_partial", ""},
		{"unclosed", message("a", "{{#if customer.name}}x"), "shortcuts/s.yaml:4:3 unclosed_block", ""},
		{"bad operator", message(`{{#ifCond customer.name "=~" "x"}}y{{/ifCond}}`), "shortcuts/s.yaml:3:6 argument", "=~"},
		{"operator the wrong way round", message(`{{#ifCond customer.custom.visitsNum "=>" 3}}y{{/ifCond}}`), "shortcuts/s.yaml:3:3 condition", `">="`},
		{"misspelt message", []string{"shortcuts/s.yaml", "subject: x\nmesage: x\n"}, "shortcuts/s.yaml:2:1 unknown_key", `"message"`},
		{"no subject", []string{"shortcuts/s.yaml", "message: x\n"}, "shortcuts/s.yaml:1:10 missing_subject", ""},
		{"ordering texts", message(`{{#ifCond customer.custom.tierStr ">=" "Platinum"}}y{{/ifCond}}`), "shortcuts/s.yaml:3:37 lexical_comparison", ""},
		{"ordering numbers", message(`{{#ifCond customer.custom.visitsNum ">=" "3"}}y{{/ifCond}}{{#ifCond customer.custom.x ">=" "3"}}y{{/ifCond}}`), "", ""},
		{"date of a text", message(`{{dateFormat customer.custom.tierStr}}`), "shortcuts/s.yaml:3:16 date_type", ""},
		{"zone", message(`{{dateFormat customer.custom.dayAt timezone="America/Los_Angelos"}}`), "shortcuts/s.yaml:3:47 unknown_zone", "America/Los_Angeles"},
		{"locale", message(`{{dateFormat customer.custom.dayAt locale="xx"}}`), "shortcuts/s.yaml:3:45 unknown_locale", ""},
		{"known locales", message(`{{dateFormat customer.custom.dayAt locale="en-us"}}{{dateFormat customer.custom.dayAt locale="de-at"}}`), "", ""},
		{"format with minutes", message(`{{dateFormat customer.custom.dayAt format="YYYY-mm-DD"}}`), "shortcuts/s.yaml:3:45 date_format", "months"},
		{"format with an era", message(`{{dateFormat customer.custom.dayAt format="DD.MM.yyyy"}}`), "shortcuts/s.yaml:3:45 date_format", "YYYY"},
		{"format with words", message(`{{dateFormat customer.custom.dayAt format="D MMMM [at] HH:mm"}}{{dateFormat customer.custom.dayAt format="LL z"}}`), "", ""},
		{"raw output", message("{{{customer.name}}}"), "shortcuts/s.yaml:3:3 raw_output", ""},
		{"address", message("[x]({{customer.custom.siteStr}})"), "shortcuts/s.yaml:3:7 address_from_data", ""},
		{"page", []string{"shortcuts/s.yaml", "subject: x\nformat: html\nmessage: |\n  <a href={{customer.name}}>x</a>\n  <p onclick=\"{{customer.name}}\" title=\"{{{customer.name}}}\">x</p>\n  <script>{{customer.name}}</script>\n"},
			"shortcuts/s.yaml:4:11 address_from_data\nshortcuts/s.yaml:4:11 unquoted_attribute\nshortcuts/s.yaml:5:15 unsafe_place\nshortcuts/s.yaml:5:41 raw_in_attribute\nshortcuts/s.yaml:5:41 raw_output\nshortcuts/s.yaml:6:11 unsafe_place", ""},
		{"done", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\nstatus: done\n"}, "shortcuts/s.yaml:3:9 done_with_message", ""},
		{"name with a space", []string{"shortcuts/s.yaml", "name: two words\nsubject: x\nmessage: x\n"}, "shortcuts/s.yaml:1:7 shortcut_name", "no spaces"},
		{"tags", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\ntags: [" + strings.Repeat("a, ", 20) + "a]\n"}, "shortcuts/s.yaml:3:7 tags", "21 tags"},
		{"long tag", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\ntags:\n  - ok\n  - " + strings.Repeat("x", 65) + "\n"}, "shortcuts/s.yaml:5:5 tags", "65 characters"},
		{"unknown key", []string{"shortcuts/s.yaml", "subjct: x\nmessage: x\n"}, "shortcuts/s.yaml:1:1 unknown_key", `"subject"`},
		{"wrong type", []string{"shortcuts/s.yaml", "subject: 12\nmessage: x\n"}, "shortcuts/s.yaml:1:10 yaml_type", "quotes"},
		{"yaml", []string{"shortcuts/s.yaml", "subject: x\nmessage: [\n"}, "shortcuts/s.yaml:2 yaml_syntax", ""},
		{"attachment type", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\nattachments: [a.exe, b.pdf]\n", "attachments/a.exe", "MZ", "attachments/b.pdf", "%PDF"},
			"shortcuts/s.yaml:3:15 attachment_type", ""},
		{"attachment size", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\nattachments: [a.pdf]\n", "attachments/a.pdf", strings.Repeat("x", catalog.Email.Files().File+1)},
			"shortcuts/s.yaml:3:15 attachment_too_large", ""},
		{"attachment missing", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\nattachments: [guide.pdf]\n", "attachments/guides.pdf", "x"},
			"shortcuts/s.yaml:3:15 unknown_attachment", "guides.pdf"},
		{"email template", append(message("x"), "emails/a.hbs", "<p>{{draft.subject}}</p>"), "emails/a.hbs:1:1 no_body", ""},
		{"blank email template", append(message("x"), "emails/a.hbs", "<p>hello</p>", "emails/a.txt.hbs", "hello"), "emails/a.hbs:1:1 no_body\nemails/a.txt.hbs:1:1 no_body", ""},
		{"translations", append(message("[[sn.a]]"), "snippets/sn.a.yaml", "source: en\noutdated: [fr]\ntexts:\n  en: x\n  fr: y\n", "defaults.yaml", "languages: [en, fr, de]\n"),
			"snippets/sn.a.yaml:1 missing_translation\nsnippets/sn.a.yaml:2:12 outdated_translation", "de"},
		{"unused snippet", append(message("[[sn.a]]"), "snippets/sn.a.yaml", "source: en\ntexts:\n  en: \"[[sn.b]]\"\n", "snippets/sn.b.yaml", "source: en\ntexts:\n  en: x\n",
			"snippets/sn.c.yaml", "name: sn.c\nsource: en\ntexts:\n  en: x\n", "snippets/sn.transcript.subject.yaml", "source: en\ntexts:\n  en: x\n"),
			"snippets/sn.c.yaml:1:7 unused_snippet", "[[sn.c]]"},
		{"snippet in a language", append(message("[[sn.a lang=fr-CA]] [[sn.a lang=de]]"), "snippets/sn.a.yaml", "source: en\ntexts:\n  en: x\n  fr: y\n"),
			"shortcuts/s.yaml:3:23 snippet_language", "\"de\""},
		{"snippet in no language", append(message("[[sn.a lang=x]]"), "snippets/sn.a.yaml", "source: en\ntexts:\n  en: x\n"), "shortcuts/s.yaml:3:3 syntax", "no language tag"},
		{"snippet with other fields", append(message("[[sn.a]]"), "snippets/sn.a.yaml", "source: en\ntexts:\n  en: x {{customer.name}}\n  de: y {{customer.firstName}}\n  fr: z {{customer.name}}\n"),
			"snippets/sn.a.yaml:4:7 snippet_fields\nsnippets/sn.a.yaml:4:7 snippet_fields", "lacks customer.name"},
		{"fault in a snippet", append(message("[[sn.a]] and [[sn.a]]"), "snippets/sn.a.yaml", "source: en\ntexts:\n  en: |\n    ok\n    {{#if customer.name}}\n"),
			"snippets/sn.a.yaml:5:5 unclosed_block", ""},
		{"long SMS", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\nchannels:\n  sms:\n    message: \"" + strings.Repeat("long text ", 60) + "\"\n"},
			"shortcuts/s.yaml:5:15 sms_segments", "4 segments"},
		{"Unicode SMS", []string{"shortcuts/s.yaml", "subject: x\nmessage: x\nchannels:\n  sms:\n    message: \"don’t\"\n"}, "shortcuts/s.yaml:5:15 sms_unicode", "would not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := Folder(rendertest.Folder(c.files...), Options{})
			var got []string
			for _, f := range report.Findings {
				where := fmt.Sprintf("%s:%d", f.File, f.Line)
				if f.Column > 0 {
					where += fmt.Sprintf(":%d", f.Column)
				}
				got = append(got, where+" "+f.Code)
				if !bytes.Contains(manual, []byte("`"+f.Code+"`")) {
					t.Errorf("the templates' README does not list %s", f.Code)
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got\n%s\nwant\n%s\n%v", strings.Join(got, "\n"), c.want, report.Findings)
			}
			if c.says != "" && (len(report.Findings) == 0 || !strings.Contains(report.Findings[0].Message, c.says)) {
				t.Errorf("%v: lacks %s", report.Findings, c.says)
			}
		})
	}
}

func TestLintReports(t *testing.T) {
	report := Folder(rendertest.Folder("shortcuts/s.yaml", "subject: x\nmessage: \"{{custmer.name}}\"\n"), Options{})
	if report.Errors() != 1 {
		t.Fatalf("%+v", report)
	}
	var text, sarif, plain bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if want := "shortcuts/s.yaml:2:13: unknown field \"custmer.name\"; did you mean \"customer.name\"? (unknown_field)\n1 shortcut, 0 snippets, 0 email templates: 1 error, 0 warnings\n"; text.String() != want {
		t.Errorf("text %q, want %q", text.String(), want)
	}
	if err := report.WriteSARIF(&sarif, "dev"); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string
		Runs    []struct {
			Results []struct{ RuleID, Level string }
		}
	}
	if err := json.Unmarshal(sarif.Bytes(), &log); err != nil || log.Version != "2.1.0" || log.Runs[0].Results[0].RuleID != "unknown_field" {
		t.Errorf("%v: %s", err, sarif.String())
	}
	if err := report.WriteJSON(&plain); err != nil || !json.Valid(plain.Bytes()) {
		t.Errorf("%v: %s", err, plain.String())
	}
}
