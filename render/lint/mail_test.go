package lint

import (
	"flag"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

// mailCodes are the codes of what is found in rendered mails.
var mailCodes = []string{"mail_size", "contrast", "overflow", "client_support", "unsubscribe", "text_twin", "image_alt", "subject_length"}

// goodMail is a folder with one shortcut and the built-in layouts, about which nothing is to be said.
func goodMail(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(templates.Catalog(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "shortcuts/") || strings.HasPrefix(name, "tests/") || strings.HasPrefix(name, "samples/") ||
			strings.HasPrefix(name, "snippets/") && !slices.Contains([]string{"sn.greeting", "sn.closing", "sn.footer.reason", "sn.footer.unsubscribe", "sn.footer.view", "sn.receipt.questions"}, strings.TrimSuffix(strings.TrimPrefix(name, "snippets/"), ".yaml")) {
			return err
		}
		if strings.Contains(name, "transcript") {
			return nil
		}
		data, err := fs.ReadFile(templates.Catalog(), name)
		out[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out["defaults.yaml"] = &fstest.MapFile{Mode: 0o644, Data: []byte("replyTemplate: reply\nlanguages: [en]\n")}
	for _, layout := range []string{"announcement", "receipt", "reply", "notice"} {
		out["shortcuts/"+layout+".yaml"] = &fstest.MapFile{Mode: 0o644, Data: []byte("subject: News of {{customer.custom.orderNumberStr}}\nemailTemplate: " + layout + "\nmessage: |\n" + indented(goodMessage))}
	}
	return out
}

const goodMessage = `[[sn.greeting]]

Your order **{{customer.custom.orderNumberStr}}** is ready. You find it in [your account](https://fernhill.example/account).

| Order | Total |
|---|---:|
| {{customer.custom.orderNumberStr}} | {{currency customer.custom.totalNum "EUR"}} |

{{#ifCond customer.custom.tierStr "==" "Gold"}}
> [!TIP]
> Gold members ship for free.
{{else}}
Shipping is 4.90 €.
{{/ifCond}}

[Pay now](https://fernhill.example/pay){.button}

[[sn.closing]]
`

func indented(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ") + "\n"
}

// mutant is a fault that is put into the good folder: a text of a file is replaced.
type mutant struct{ code, file, old, new string }

const (
	ann = "emails/announcement.hbs"
	txt = "emails/announcement.txt.hbs"
	msg = "shortcuts/announcement.yaml"
	hd  = "emails/partials/head.hbs"
	ft  = "emails/partials/footer.hbs"
	ftt = "emails/partials/footer-text.hbs"
)

var mutants = []mutant{
	{"contrast", ann, "line-height:25px;color:#24352f", "line-height:25px;color:#9aa5a0"},
	{"contrast", ann, "font-weight:normal;color:#ffffff", "font-weight:normal;color:#6b8a80"},
	{"contrast", ann, `a: "color:#1b6351`, `a: "color:#7fd1b9`},
	{"contrast", ann, "background-color:#1f6f5c;color:#ffffff", "background-color:#7fd1b9;color:#ffffff"},
	{"contrast", ann, "background-color:#f2f7f5;color:#24352f", "background-color:#24352f;color:#24352f"},
	{"contrast", ann, "line-height:19px;color:#55695f", "line-height:19px;color:#a9bcb4"},
	{"contrast", ann, "color:#a9d8c8;text-decoration:none", "color:#2f6a58;text-decoration:none"},
	{"contrast", ann, `text-align:left;font-weight:600`, `text-align:left;color:#cccccc`},
	{"contrast", hd, ".body strong, .title h1 {color: #e6efeb", ".body strong, .title h1 {color: #33443d"},
	{"contrast", hd, ".body a, .foot a, .quiet a, .brand a {color: #7fd1b9 !important;}", ""},
	{"contrast", hd, "color: #0f211b !important", "color: #e6efeb !important"},
	{"contrast", hd, ".foot, .foot p, .quiet, .sign, .sign * {color: #a9bcb4 !important;}", ""},
	{"contrast", hd, ".card {background-color: #1c2b26 !important", ".card {background-color: #d5e3de !important"},
	{"contrast", ft, "margin:0 0 6px", "margin:0 0 6px;color:#bbbbbb"},
	{"contrast", msg, "Your order **", "<font color=\"#dddddd\">Now.</font> Your order **"},
	{"overflow", ann, `width="100%" cellpadding="0" cellspacing="0" border="0" class="card" style="max-width:600px;`, `width="600" cellpadding="0" cellspacing="0" border="0" class="card" style="`},
	{"overflow", ann, `class="card" style="max-width:600px;`, `class="card" style="width:600px;`},
	{"overflow", ann, `class="card" style="`, `class="card" style="min-width:480px;`},
	{"overflow", ann, "color:#24352f;word-break:break-word;overflow-wrap:anywhere", "color:#24352f"},
	{"overflow", ann, "color:#24352f;word-break:break-word;overflow-wrap:anywhere", "color:#24352f;overflow-wrap:break-word"},
	{"overflow", ann, "text-align:center;color:#ffffff;word-break:break-word;overflow-wrap:anywhere", "text-align:center;color:#ffffff"},
	{"overflow", ann, "color:#24352f;word-break:break-word;overflow-wrap:anywhere", "color:#24352f;white-space:nowrap"},
	{"overflow", ann, "color:#24352f;word-break:break-word", "color:#24352f;white-space:nowrap;word-break:break-word"},
	{"overflow", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"https://fernhill.example/banner.png\" width=\"600\" style=\"max-width:none\" alt=\"The cabins\">"},
	{"overflow", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"https://fernhill.example/banner.png\" style=\"max-width:none\" alt=\"The cabins\">"},
	{"overflow", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"https://fernhill.example/banner.png\" style=\"width:640px;max-width:none\" alt=\"The cabins\">"},
	{"overflow", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<table role=\"presentation\"><tr><td width=\"220\">Our</td><td width=\"220\">order</td></tr></table>"},
	{"overflow", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<div style=\"width:560px\">Your order</div>"},
	{"overflow", msg, "Your order **", "<pre style=\"white-space:pre\">Your order is ready, and you find it in your account.</pre>\n\n  Your order **"},
	{"overflow", msg, "Your order **", "<nobr style=\"white-space:nowrap\">Order {{customer.custom.orderNumberStr}}</nobr> Your order **"},
	{"client_support", ann, `<td class="body pad" style="`, `<td class="body pad" style="display:flex;`},
	{"client_support", ann, `<td class="body pad" style="`, `<td class="body pad" style="display:grid;`},
	{"client_support", ann, `<td class="body pad" style="`, `<td class="body pad" style="position:relative;`},
	{"client_support", ann, `<td class="head pad" style="`, `<td class="head pad" style="background-image:url(https://fernhill.example/x.png);`},
	{"client_support", ann, `<td class="head pad" style="`, `<td class="head pad" style="background:linear-gradient(#111111,#222222);`},
	{"client_support", ann, `padding:32px 36px 14px`, `padding:calc(30px + 2px) 36px 14px`},
	{"client_support", ann, `padding:32px 36px 14px`, `padding:3vw 36px 14px`},
	{"client_support", ann, `padding:32px 36px 14px`, `padding:var(--gap) 36px 14px`},
	{"client_support", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<video src=\"https://fernhill.example/x.mp4\"></video>"},
	{"client_support", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<form action=\"https://fernhill.example/vote\"><input name=\"x\"></form>"},
	{"client_support", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<svg width=\"10\" height=\"10\"><circle r=\"5\"/></svg>"},
	{"client_support", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"data:image/png;base64,iVBORw0KGgo=\" width=\"10\" alt=\"Your\">"},
	{"client_support", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"https://fernhill.example/x.webp\" width=\"10\" alt=\"Your\">"},
	{"client_support", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"https://fernhill.example/x.svg\" width=\"10\" alt=\"Your\">"},
	{"client_support", hd, "img {border: 0;", "img {object-fit: cover; border: 0;"},
	{"client_support", hd, "<style>\n  body", "<link rel=\"stylesheet\" href=\"https://fernhill.example/x.css\">\n<style>\n  body"},
	{"client_support", hd, "<style>\n  body", "<style>\n  @import url(https://fernhill.example/x.css);\n  body"},
	{"unsubscribe", ft, "<a href=\"{{unsubscribe.url}}\" style=\"color:#1b6351\">[[sn.footer.unsubscribe]]</a>", "[[sn.footer.unsubscribe]]"},
	{"unsubscribe", ft, "<p style=\"margin:6px 0 0\"><a href=\"{{unsubscribe.url}}\"", "<p style=\"display:none\"><a href=\"{{unsubscribe.url}}\""},
	{"unsubscribe", ftt, "[[sn.footer.unsubscribe]]: {{unsubscribe.url}}", "[[sn.footer.unsubscribe]]"},
	{"unsubscribe", ft, "{{#if unsubscribe.url}}", "{{#if customer.custom.newsBool}}"},
	{"unsubscribe", ft, "margin:6px 0 0", "margin:6px 0 0;font-size:1px"},
	{"text_twin", txt, "{{> footer-text}}", "{{unsubscribe.url}}"},
	{"text_twin", ftt, "[[sn.footer.reason]]", ""},
	{"text_twin", ftt, "https://fernhill.example\n", "\n"},
	{"text_twin", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<p>Booking line: 0800 555 123</p>"},
	{"text_twin", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<p><a href=\"https://fernhill.example/spring\">Our cabins</a></p>"},
	{"text_twin", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<p>The whole valley is in bloom and every cabin has a wood stove again</p>"},
	{"image_alt", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<img src=\"https://fernhill.example/x.png\" width=\"100\">"},
	{"image_alt", ann, "{{{draft.htmlBody}}}", "{{{draft.htmlBody}}}<a href=\"https://fernhill.example\"><img src=\"https://fernhill.example/x.png\" width=\"100\" alt=\"\"></a>"},
	{"image_alt", msg, "Your order **", "<img src=\"https://fernhill.example/x.png\" width=\"10\"> Your order **"},
	{"image_alt", ft, "<p style=\"margin:0 0 6px\">", "<p style=\"margin:0 0 6px\"><img src=\"https://fernhill.example/logo.png\" width=\"80\" height=\"20\">"},
	{"subject_length", msg, "subject: News", "subject: A very long subject, which no list of mails shows as a whole, because it says all that the mail says"},
	{"subject_length", msg, "subject: News", "subject: ご注文の準備が整いましたのでお知らせいたします。発送までしばらくお待ちくださいますようお願い申し上げます。ありがとうございます"},
	{"mail_size", msg, "Your order **", strings.Repeat("Many words about the woods. ", 4000) + "Your order **"},
}

var everyMutant = flag.Bool("lint.mutants", false, "try all mutants of mails, not only some")

func TestMailMutants(t *testing.T) {
	found, all, least := 0, 0, 10
	if *everyMutant {
		least = 60
	}
	for i, m := range mutants {
		if !*everyMutant && i%5 != 0 {
			continue
		}
		files := goodMail(t)
		for _, other := range []string{"receipt", "reply", "notice"} {
			delete(files, "shortcuts/"+other+".yaml")
		}
		source := string(files[m.file].Data)
		if !strings.Contains(source, m.old) {
			t.Errorf("%s lacks %q", m.file, m.old)
			continue
		}
		all++
		files[m.file] = &fstest.MapFile{Mode: 0o644, Data: []byte(strings.Replace(source, m.old, m.new, 1))}
		codes := map[string]bool{}
		var where string
		for _, f := range Folder(files, Options{Bulk: true}).Findings {
			codes[f.Code] = true
			if f.Code == m.code {
				where = f.File
			}
		}
		if !codes[m.code] {
			t.Errorf("%s is not found: %s: %.80q instead of %.80q: %v", m.code, m.file, m.new, m.old, codes)
			continue
		}
		found++
		if where == "" {
			t.Errorf("%s has no place", m.code)
		}
	}
	if all < least || found*100 < all*95 {
		t.Errorf("%d of %d mutants are found", found, all)
	}
	t.Logf("%d of %d", found, all)
}

// builtIn is the built-in folder, with some of its shortcuts or with all.
func builtIn(t testing.TB) fs.FS {
	t.Helper()
	if *everyMutant {
		return templates.Catalog()
	}
	out := goodMail(t)
	for _, name := range []string{"booking-confirmed", "weather-warning", "gift-card", "payment-failed"} {
		data, err := fs.ReadFile(templates.Catalog(), "shortcuts/"+name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		out["shortcuts/"+name+".yaml"] = &fstest.MapFile{Mode: 0o644, Data: data}
	}
	names, err := fs.Glob(templates.Catalog(), "snippets/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(templates.Catalog(), name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Mode: 0o644, Data: data}
	}
	return out
}

// Nothing is to be said of what Herald brings along.
func TestMailClean(t *testing.T) {
	for name, c := range map[string]struct {
		files fs.FS
		o     Options
	}{
		"built in, as bulks": {builtIn(t), Options{Bulk: true}},
		"good mail":          {goodMail(t), Options{Bulk: true}},
		"start":              {templates.Start(), Options{}},
		"test layout":        {rendertest.Folder("emails/default.hbs", rendertest.LayoutEmail, "snippets/sn.greeting.yaml", rendertest.GreetingSnippet, "shortcuts/a.yaml", "subject: a\nemailTemplate: default\nmessage: \"[[sn.greeting]], all is well.\"\n"), Options{}},
	} {
		for _, f := range Folder(c.files, c.o).Findings {
			if slices.Contains(mailCodes, f.Code) {
				t.Errorf("%s: %s (%s)", name, f, f.Code)
			}
		}
	}
}

// A picture that may be too wide gets a style by --fix.
func TestMailFix(t *testing.T) {
	files := rendertest.Folder("emails/plain.hbs", "<!DOCTYPE html>\n<html><head><title>x</title></head><body style=\"overflow-wrap:anywhere\">\n"+
		"<img src=\"https://fernhill.example/banner.png\" width=\"600\" alt=\"All is well\">{{{draft.htmlBody}}}</body></html>\n", "shortcuts/a.yaml", "subject: a\nemailTemplate: plain\nmessage: All is well.\n")
	fixed := Fix(files, Options{})
	if !strings.Contains(string(fixed.Files["emails/plain.hbs"]), `<img style="max-width:100%;height:auto" src="https://fernhill.example/banner.png"`) {
		t.Errorf("%q, left %v", fixed.Findings, fixed.Report.Findings)
	}
}

// One shortcut takes less than a second, whatever the machine does besides.
func BenchmarkMail(b *testing.B) {
	files := goodMail(b)
	for _, other := range []string{"receipt", "reply", "notice"} {
		delete(files, "shortcuts/"+other+".yaml")
	}
	for b.Loop() {
		begin := time.Now()
		if found := Folder(files, Options{Bulk: true}).Findings; len(found) > 0 {
			b.Fatal(found)
		}
		if took := time.Since(begin); took > 5*time.Second {
			b.Fatal(took)
		}
	}
}
