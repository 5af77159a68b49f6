package render

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
)

// Line 11: HTML from data is sanitised, and addresses from data run nothing.
func TestRawAndAddresses(t *testing.T) {
	for _, c := range []struct{ name, format, message, value, want, not string }{
		{"raw script", "html", "<p>a</p>{{{v}}}", `<b onclick="x()">bold</b><script>alert(1)</script><img src=x onerror=alert(1)>`, "<b>bold</b>", "alert"},
		{"raw markdown", "markdown", "{{{v}}}", "**bold** <script>alert(1)</script> [x](javascript:alert(1))", "<strong>bold</strong>", "alert(1)\">"},
		{"raw ampersand form", "html", "<p>{{&v}}</p>", "<i>x</i><form action=/><input>", "<i>x</i>", "<form"},
		{"raw in attribute", "html", `<p title="{{{v}}}">x</p>`, `"><script>alert(1)</script>`, "&lt;script", "<script"},
		{"raw in script", "html", `<script>var x = "{{{v}}}"</script>`, `</script><img src=x onerror=alert(1)>`, "", "onerror"},
		{"unquoted attribute", "html", hostile(t, "unquoted_attr.hbs"), "x onmouseover=alert(1)", `href="#"`, " onmouseover"},
		{"javascript", "html", hostile(t, "href.hbs"), "javascript:alert(1)", `href="#"`, "javascript"},
		{"javascript in disguise", "html", hostile(t, "href.hbs"), "\x01JaVa\tScript:alert(1)", ``, `href="java`},
		{"javascript in Markdown", "markdown", "[x]({{v}})", "javascript:alert(1)", `href="#"`, "javascript"},
		{"javascript in two fields", "html", `<a href="{{v}}{{w}}">x</a>`, "java", `href="#"`, "javascript"},
		{"data", "html", `<img src="{{v}}">`, "data:text/html,<script>alert(1)</script>", `src="#"`, "script"},
		{"entity", "html", hostile(t, "href.hbs"), "javascript&colon;alert(1)", `href="#"`, "javascript:"},
		{"tag name", "html", `<{{v}} x>hi</{{v}}>`, "script", "&lt;script x&gt;", "<script"},
		{"attribute name", "html", `<p {{v}}=1>hi</p>`, "onclick", "<p>hi</p>", "onclick"},
		{"event", "html", `<p onclick="go('{{v}}')">hi</p>`, "');alert(1);('", `onclick="go(`, "alert"},
		{"style", "html", `<p style="color:{{v}}">hi</p>`, customerStrings(t)["css"], "<p", "evil"},
		{"style that is one", "html", `<p style="color:{{v}}">hi</p>`, "#ff8800", "color:#ff8800", ""},
		{"host", "html", `<a href="https://{{v}}.example.com/">x</a>`, "evil.example/#", `href="#"`, ""},
		{"path", "html", `<a href="https://example.com/o/{{v}}">x</a>`, "a/b?c#d%41", `href="https://example.com/o/a/b%3Fc%23d%2541"`, ""},
		{"query", "markdown", "[x](https://example.com/?q={{v}}&r=1)", "a&r=2#x", `href="https://example.com/?q=a%26r%3D2%23x&amp;r=1"`, ""},
		{"mail address", "markdown", "[x](mailto:{{v}})", "a+b@example.com?bcc=c@example.com", `href="mailto:a+b@example.com%3Fbcc=c@example.com"`, ""},
		{"web address", "html", `<a href="{{v}}">x</a>`, "https://example.com/a b?x=1&y=ü", `href="https://example.com/a%20b?x=1&amp;y=%C3%BC"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, _ := json.Marshal(c.message)
			p := open(t, load(t, "shortcuts/s.yaml", "format: "+c.format+"\nmessage: "+string(message)+"\n"), "s")
			data, _ := json.Marshal(map[string]string{"v": c.value, "w": "script:alert(1)"})
			mail := renderOne(t, p, catalog.Email, string(data), "")
			if !strings.Contains(mail.HTML, c.want) {
				t.Errorf("lacks %s:\n%s", c.want, mail.HTML)
			}
			if c.not != "" && strings.Contains(strings.ToLower(mail.HTML), c.not) {
				t.Errorf("has %s:\n%s", c.not, mail.HTML)
			}
		})
	}
}

// In a chat a raw value keeps its Markdown only if that is harmless.
func TestRawInChat(t *testing.T) {
	p := open(t, load(t, "shortcuts/s.yaml", "message: \"{{{v}}}\"\n"), "s")
	for _, c := range []struct{ value, want string }{
		{"**bold** [x](https://example.com)", "**bold** [x](https://example.com)"},
		{"**bold** <b>x</b>", `\*\*bold\*\* \<b\>x\</b\>`},
		{"[x](javascript:alert(1))", `\[x\](javascript:alert(1))`},
		{"[x](&#106;avascript:alert(1))", `\[x\](\&#106;avascript:alert(1))`},
		{"[x][1]\n\n[1]: javascript:alert(1)", "\\[x\\]\\[1\\]\\\n\\[1\\]\\: javascript:alert(1)"},
		{"<javascript:alert(1)>", `\<javascript:alert(1)\>`},
		{"![x](https://example.com/track.png)", `!\[x\](https://example.com/track.png)`},
	} {
		data, _ := json.Marshal(map[string]string{"v": c.value})
		if got := renderOne(t, p, catalog.Chat, string(data), "").Text; got != c.want {
			t.Errorf("%q gives %q, want %q", c.value, got, c.want)
		}
	}
}

// Values that would take long to read as Markdown are shown as typed, soon.
func TestHostileMarkdown(t *testing.T) {
	p := open(t, load(t, "shortcuts/s.yaml", "message: \"{{{v}}}\"\n"), "s")
	for _, unit := range []string{">", "[", "_a*", "[a](", "1. ", "<b>", "|a|\n|-|\n", "![", "~~a", "`a``"} {
		value := strings.Repeat(unit, 200_000/len(unit))
		data, _ := json.Marshal(map[string]string{"v": value})
		var mail *Content
		if d := cputest.Spent(func() {
			mail = renderOne(t, p, catalog.Email, string(data), "")
			renderOne(t, p, catalog.Chat, string(data), "")
		}); d > 2*time.Second*rendertest.RaceFactor {
			t.Errorf("%q takes %v", unit, d)
		}
		if want := oneLine(value); oneLine(mail.Text) != want {
			t.Errorf("%q: text %.60q, want %.60q", unit, mail.Text, want)
		}
	}
}

// An agent's signature may have pictures and colours, but runs nothing; a
// customer's HTML may not have them.
func TestSignature(t *testing.T) {
	const html = `<p style="color:red;position:fixed">Kim</p><img src="https://example.com/k.png" onerror="x()"><script>x()</script>`
	p := open(t, load(t, "shortcuts/s.yaml", "format: html\nmessage: \"<div>{{{user.emailSignature}}}</div><div>{{{customer.custom.bioTxt}}}</div>\"\n"), "s")
	data, _ := json.Marshal(map[string]any{"user": map[string]string{"emailSignature": html}, "customer": map[string]any{"custom": map[string]string{"bioTxt": html}}})
	mail := renderOne(t, p, catalog.Email, string(data), "")
	if want := `<div><p style="color: red">Kim</p><img src="https://example.com/k.png"></div><div><p>Kim</p></div>`; !strings.Contains(mail.HTML, want) {
		t.Errorf("lacks %s:\n%s", want, mail.HTML)
	}
	if mail.Text != "Kim\nKim" {
		t.Errorf("text %q", mail.Text)
	}
}
