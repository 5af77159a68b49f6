package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/edit"
	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// editable runs an API that may write a folder of templates.
func editable(t *testing.T, dir string) (url string, live *catalog.Live) {
	t.Helper()
	folder, err := edit.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	if live, err = catalog.NewLive(catalog.LiveOptions{FS: folder.Files()}); err != nil {
		t.Fatal(err)
	}
	return serve(t, func(o *api.Options) {
		o.Preview = previewWith(t, live.Catalog, func(o *api.PreviewOptions) {
			o.Folder, o.Saved = folder, func() error { _, err := live.Reload(); return err }
		})
	}), live
}

// TestSnippets is a translator's way: find what is missing, write it beside its source, save it; then a new snippet.
func TestSnippets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"defaults.yaml":          "languages: [en, de, ar]\n",
		"snippets/sn.hi.yaml":    "# Robin's\nname: sn.hi\nsource: en\ntexts:\n  en: Hello\n  de: Hallo\noutdated: [de]\n",
		"snippets/sn.bye.yaml":   "name: sn.bye\nsource: en\ntexts: {en: Bye, de: Tschüss, ar: مع السلامة}\n",
		"shortcuts/welcome.yaml": "message: \"[[sn.hi]]\"\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	url, _ := editable(t, dir)
	p := browsertest.Open(t, url+"/ui/snippets")
	p.Await(`document.querySelector("h2")?.innerText === "sn.bye" && document.querySelectorAll("#names a").length === 2`)
	p.Click(`[data-gap="missing"]`)
	p.Await(`document.querySelectorAll("#names a").length === 1`)
	p.Click("#names a")
	p.Await(`document.querySelector("h2").innerText === "sn.hi" && document.querySelector(".snippet-about").innerText.includes("shown in 1 place")`)
	if pills := p.Text(".languages"); pills == "" {
		t.Error("no languages")
	}
	if got := browsertest.Eval[[]string](p, `[...document.querySelectorAll(".language .pill")].map((e) => e.innerText)`); len(got) != 3 || got[0] != "source" || got[1] != "outdated" || got[2] != "missing" {
		t.Errorf("the languages are %q", got)
	}
	browsertest.CheckAccess(p, "a snippet")
	shoot(p, "snippet")
	p.Paste("#text-ar", "مرحبا {{customer.firstName}}")
	p.Paste("#text-de", "Servus")
	p.Click("#save")
	p.Await(`document.querySelectorAll("dialog[open] .diff-line.added").length === 2 && !document.querySelector("#saveNow").disabled`)
	p.Click("#saveNow")
	p.Await(`!document.querySelector("dialog") && document.querySelector('[data-gap="missing"]').innerText === "missing 0"`)
	want := "# Robin's\nname: sn.hi\nsource: en\ntexts:\n  ar: \"مرحبا {{customer.firstName}}\"\n  en: Hello\n  de: Servus\n"
	if data, err := os.ReadFile(filepath.Join(dir, "snippets/sn.hi.yaml")); err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}

	// What is edited isn't left by mistake, and what is used isn't deleted.
	p.Paste("#text-de", "Moin")
	p.Click(`[data-gap=""]`)
	p.Click("#names a")
	p.Await(`document.querySelector("dialog[open]")?.innerText.includes("Leave these edits?")`)
	p.Click(`dialog [value="no"]`)
	p.Await(`!document.querySelector("dialog") && document.querySelector("#text-de").value === "Moin"`)
	p.Click("#remove")
	p.Click(`dialog [value="yes"]`)
	p.Await(`document.querySelector("#trouble").innerText.includes("would not load")`)
	p.Click("#fresh")
	p.Click(`dialog [value="yes"]`)
	p.Await(`document.querySelector("h2").innerText === "A new snippet"`)
	p.Paste("#text-en", "See you")
	p.Click("#save")
	p.Await(`document.querySelector("dialog[open] #saveName")`)
	p.Write("#saveName", "sn.later")
	p.Await(`document.querySelector(".save-file").innerText === "snippets/sn.later.yaml (new)" && !document.querySelector("#saveNow").disabled`)
	p.Click("#saveNow")
	p.Await(`!document.querySelector("dialog") && document.querySelector("h2").innerText === "sn.later"`)
	for _, width := range []int64{1360, 1024, 390, 320} {
		p.Look(width, 800, width == 390)
		if wide := browsertest.Eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
			t.Errorf("at %d it is %d pixels too wide", width, wide)
		}
	}
	check(t, p)
}
