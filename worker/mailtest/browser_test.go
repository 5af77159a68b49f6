package mailtest

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// all looks at every mail; otherwise at a few of each kind.
var all = flag.Bool("mailtest.all", false, "look at all mails, not only at a few of each kind")

// rules are those of axe-core that mails are held against.
var rules = []string{"color-contrast", "document-title", "html-has-lang", "html-lang-valid", "image-alt", "link-name", "list", "listitem", "valid-lang"}

// chosen are the mails that a run without -mailtest.all looks at.
func chosen(mails []Mail, contexts ...string) []Mail {
	if *all {
		return mails
	}
	return slices.DeleteFunc(slices.Clone(mails), func(m Mail) bool {
		return !slices.Contains(contexts, m.Context) || m.Locale != "ar" && (m.Locale != "en" || m.Context == "long")
	})
}

// serve shows mails at their places in the list, and opens a browser.
func serve(t *testing.T, mails []Mail) *browsertest.Page {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(filepath.Base(r.URL.Path))
		if err != nil || n >= len(mails) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, mails[n].Message.HTML)
	}))
	t.Cleanup(s.Close)
	return browsertest.Open(t, s.URL+"/0")
}

func TestMailsInBrowser(t *testing.T) {
	t.Parallel()
	mails := Mails(t)
	p := serve(t, mails)
	for _, m := range chosen(mails, "usual", "long") {
		n := slices.IndexFunc(mails, func(o Mail) bool { return o.Name() == m.Name() })
		p.Go(fmt.Sprintf("%s%d", p.URL()[:len(p.URL())-1], n))
		p.Look(320, 700, false)
		if over := browsertest.Eval[[]string](p, overflowing); len(over) > 0 {
			t.Errorf("%s: at 320 px the page is too wide: %q", m.Name(), over)
		}
		if narrow := browsertest.Eval[[]string](p, narrowLabels); len(narrow) > 0 {
			t.Errorf("%s: at 320 px labels of a table are too narrow: %q", m.Name(), narrow)
		}
		want := "ltr"
		if m.Locale == "ar" {
			want = "rtl"
		}
		if dir := browsertest.Eval[string](p, `getComputedStyle(document.querySelector("h1, p, td") ?? document.body).direction`); dir != want {
			t.Errorf("%s: direction %s", m.Name(), dir)
		}
		if sided := browsertest.Eval[[]string](p, wrongSides); len(sided) > 0 {
			t.Errorf("%s: on the wrong side: %q", m.Name(), sided)
		}
		if m.Context == "long" && !*all {
			continue
		}
		if faint := browsertest.Eval[[]string](p, inverted); len(faint) > 0 {
			t.Errorf("%s: with inverted colours: %q", m.Name(), faint)
		}
		for _, dark := range []bool{false, true} {
			p.Look(390, 900, dark)
			browsertest.CheckRules(p, fmt.Sprintf("%s, dark %v", m.Name(), dark), rules...)
		}
	}
	for _, request := range p.Elsewhere() {
		t.Errorf("a mail asked for %s", request)
	}
}

// overflowing are the elements that are wider than the window, if one can scroll to the side.
const overflowing = `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
	.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)
	.map((e) => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().width) + " " + e.textContent.slice(0, 30)).slice(0, 8)`

// narrowLabels are the first cells of rows in which not even a short word has room.
const narrowLabels = `[...document.querySelectorAll("table:not([role]) tr > :first-child")].filter((e) => e.textContent.trim() && e.clientWidth < 58)
	.map((e) => e.clientWidth + " " + e.textContent.slice(0, 30))`

// wrongSides are quotations, lists and headings of tables whose marks are not on the side where lines begin.
const wrongSides = `[...document.querySelectorAll("blockquote, td.callout, ul, ol, th")].filter((e) => {
		const s = getComputedStyle(e), rtl = s.direction === "rtl";
		const near = (name) => parseFloat(s[rtl ? name.replace("Left", "Right") : name]), far = (name) => parseFloat(s[rtl ? name : name.replace("Left", "Right")]);
		if (e.matches("ul, ol")) return near("paddingLeft") < far("paddingLeft");
		if (e.matches("th")) return ![rtl ? "right" : "left", "start", "-webkit-auto"].includes(s.textAlign) && e.getAttribute("style")?.indexOf("text-align:right;") === -1 && !e.matches("[style$='right']");
		return s.borderLeftWidth !== s.borderRightWidth && near("borderLeftWidth") < far("borderLeftWidth");
	}).map((e) => e.outerHTML.slice(0, 160))`

// inverted are texts that can't be read when a program turns light into dark by itself: by the lightness of each colour, as
// Outlook does, or by inverting the picture.
const inverted = `(() => {
	const parse = (c) => { const m = c.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0]; return m.length < 4 ? [...m, 1] : m; };
	const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const flipped = (c) => { const y = luminance(c), l = y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y, m = 100 - l; return m > 8 ? ((m + 16) / 116) ** 3 : m / 903.3; };
	const negative = (c) => luminance(c.map((v) => 255 - v));
	const background = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
	const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	const out = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = walker.nextNode();) {
		const e = n.parentElement;
		if (!n.data.trim() || !e.checkVisibility({ opacityProperty: true })) continue;
		const front = parse(getComputedStyle(e).color), back = background(e);
		for (const [name, y] of [["lightness", flipped], ["negative", negative]]) {
			const found = ratio(y(front), y(back));
			if (found < 4.5) out.push(name + " " + found.toFixed(2) + " " + front + " on " + back + ": " + n.data.trim().slice(0, 30));
		}
	}
	return out.slice(0, 8);
})()`

// TestShots leaves pictures of all mails, to be looked at: HERALD_SHOTS=DIR.
func TestShots(t *testing.T) {
	dir := os.Getenv("HERALD_SHOTS")
	if dir == "" {
		t.Skip("HERALD_SHOTS says where pictures go")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mails := Mails(t)
	p := serve(t, mails)
	for n, m := range mails {
		if m.Context == "empty" {
			continue
		}
		p.Go(fmt.Sprintf("%s%d", p.URL()[:len(p.URL())-1], n))
		for _, width := range []int64{390, 1000} {
			for _, dark := range []bool{false, true} {
				p.Look(width, 1200, dark)
				height := browsertest.Eval[int64](p, "Math.min(document.documentElement.scrollHeight, 6000)")
				p.Look(width, height, dark)
				p.Shot(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", m.Name(), width, map[bool]string{false: "light", true: "dark"}[dark])))
			}
		}
	}
}
