package page_test

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// TestAuthor is what else an author meets.
func TestAuthor(t *testing.T) {
	p := open(t)
	t.Run("the mail is never blank", func(t *testing.T) {
		p := p.In(t)
		p.Click("#fresh")
		p.Paste("#message", "Hello {{customer.firstName}}.")
		p.Await(frame + `.includes("Hello Ada.")`)
		browsertest.Eval[bool](p, `(() => { window.blank = 0; window.frames_ = 0; const look = () => { frames_++; if (!document.querySelector("iframe.frame")?.contentDocument?.body?.innerText.includes("Hello")) blank++; requestAnimationFrame(look); }; look(); return true })()`)
		for _, key := range "and so on for a while" {
			p.Press(string(key))
		}
		p.Await(frame + `.includes("for a while")`)
		if blank := browsertest.Eval[int](p, `blank`); blank > 0 {
			t.Errorf("%d of %d frames are blank", blank, browsertest.Eval[int](p, `frames_`))
		}
	})
	t.Run("an empty text is an issue", func(t *testing.T) {
		p := p.In(t)
		p.Paste("#context", `{"customer":{"firstName":""}}`)
		p.Await(`document.querySelector("#issues").innerText.includes('the field "customer.firstName" is empty')`)
		p.Paste("#context", `{"customer":{"firstName":"Bo"}}`)
		p.Await(frame + `.includes("Hello Bo.") && !document.querySelector("#issues").innerText.includes("firstName")`)
	})
	t.Run("YAML is copied over http, too", func(t *testing.T) {
		p := p.In(t)
		browsertest.Eval[bool](p, `(() => { Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true }); document.addEventListener("copy", () => { window.copied = String(document.getSelection()) || document.activeElement.value }); return true })()`)
		copyYAML(p)
		p.Await(`document.querySelector("#copy").innerText === "Copied"`)
		p.Press(browsertest.Escape)
		p.Await(`window.copied?.includes("message: Hello {{customer.firstName}}") || window.copied?.includes('message: "Hello {{customer.firstName}}')`)
	})
	t.Run("leaving asks where edits can't be kept", func(t *testing.T) {
		p := p.In(t)
		browsertest.Eval[bool](p, `(() => { for (let size = 1 << 20, n = 0; size > 16; size >>= 1) try { for (;;) localStorage.setItem("full" + n++, "x".repeat(size)) } catch {} return true })()`)
		p.Paste("#message", strings.Repeat("more and more ", 60))
		p.Await(`document.querySelector("#draftText").innerText.includes("no room")`)
		const stays = `dispatchEvent(new Event("beforeunload", { cancelable: true })) === false`
		if !browsertest.Eval[bool](p, stays) {
			t.Error("the page is left, and its edits are lost")
		}
		browsertest.Eval[bool](p, `(() => { for (const key of Object.keys(localStorage)) if (key.startsWith("full")) localStorage.removeItem(key); return true })()`)
		if browsertest.Eval[bool](p, stays) {
			t.Error("it asks though the edits are kept")
		}
	})
	t.Run("a server that comes back is heard", func(t *testing.T) {
		p := p.In(t)
		browsertest.Eval[bool](p, `(() => { window.real = fetch; window.fetch = () => Promise.reject(new TypeError("away")); return true })()`)
		p.Press("x")
		p.Await(`document.querySelector(".mistake")?.innerText.includes("does not answer")`)
		browsertest.Eval[bool](p, `(() => { window.fetch = real; return true })()`)
		p.Await(`!document.querySelector(".mistake")`)
	})
	t.Run("nothing covers anything", func(t *testing.T) {
		p := p.In(t)
		for _, width := range []int64{1360, 1024, 390, 320} {
			p.Look(width, 800, false)
			covered := browsertest.Eval[[]string](p, `[...document.querySelectorAll(".bar button, .bar input, .tools button, .field-head button, .options select")].filter((e) => e.checkVisibility() && !e.closest(".hidden")).filter((e) => {
				e.scrollIntoView({ block: "center" }); const r = e.getBoundingClientRect(); const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2); return !(top && (e.contains(top) || top.contains(e) && top.localName === "label")) }).map((e) => e.id || e.innerText)`)
			if len(covered) > 0 {
				t.Errorf("at %d these are covered: %q", width, covered)
			}
		}
	})
}

func copyYAML(p *browsertest.Page) {
	p.Click("#more")
	p.Click("#copy")
}

// TestTurn: whatever a mail becomes, its frame shows just that.
func TestTurn(t *testing.T) {
	p := browsertest.Open(t, serve(t, nil)+"/")
	wrong := browsertest.Eval[[]string](p, `(async () => {
		const { Frame } = await import("/ui/frame.js");
		const frame = new Frame("x");
		document.body.append(frame.element);
		let seed = 5;
		const any = (n) => (seed = (seed * 48271) % 2147483647) % n;
		const some = (depth) => Array.from({ length: any(4) }, () => ["a", "<hr>", "<!--c-->", "<b>b</b>", depth > 3 ? "z" : "<" + ["p", "div", "i class=x", "div style='color:red'"][any(4)] + ">" + some(depth + 1)][any(5)]).join("");
		const wrong = [];
		for (let n = 0; n < 300; n++) {
			const html = ["<html lang=" + ["en", "de"][any(2)] + ">", ""][any(2)] + ["<head><title>t</title><style>" + any(3) + "</style></head>", ""][any(2)] + "<body" + ["", " class=y"][any(2)] + ">" + some(0);
			const doc = new DOMParser().parseFromString(html, "text/html");
			const want = doc.documentElement.outerHTML;
			frame.show(doc);
			const got = frame.element.contentDocument.documentElement.outerHTML;
			if (got !== want) wrong.push(got + " is not " + want);
		}
		frame.element.remove();
		return wrong.slice(0, 5);
	})()`)
	for _, w := range wrong {
		t.Error(w)
	}
}
