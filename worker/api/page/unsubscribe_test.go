package page_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/api/page/browsertest"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/topic"
)

var wishTopics = &topic.Set{Topics: []topic.Topic{
	{Name: "news", Kind: topic.Marketing, Title: topic.Texts{"en": "News and offers", "de": "Neuigkeiten und Angebote", "ar": "أخبار وعروض"}, Description: topic.Texts{"en": "About once a month"}},
	{Name: "tips", Kind: topic.Marketing, Title: topic.Texts{"en": "Tips for your stay", "ar": "نصائح لإقامتك"}},
}}

// TestWishPage looks at the page of recipients, which has no JavaScript, in every state: what a screen reader needs is there,
// it fits a small phone, and its buttons work with the style that the policy allows.
func TestWishPage(t *testing.T) {
	links, err := link.New(link.Options{PublicURL: "https://messages.example", Secrets: []string{strings.Repeat("s", 32)}})
	if err != nil {
		t.Fatal(err)
	}
	base := serve(t, func(o *api.Options) {
		o.Links, o.Topics = links, wishTopics
		if o.Suppressions, err = suppress.New(suppress.Options{Redis: o.Redis, Topics: wishTopics}); err != nil {
			t.Fatal(err)
		}
	})
	p := browsertest.Open(t, base+"/ui/icon.svg")
	for _, c := range []struct{ locale, direction string }{{"en", "ltr"}, {"ar", "rtl"}} {
		for _, look := range []struct {
			name          string
			width, height int64
			dark          bool
		}{{"light", 900, 700, false}, {"phone", 320, 640, true}} {
			made, err := url.Parse(links.Unsubscribe(link.Subscriber{
				Channel: message.Email, Address: "a.very.long.address.of.somebody-" + c.locale + "-with-a-long-name@" + look.name + ".subdomain.of.a.long.example", Owner: "m-" + look.name,
				Topic: "news", Locale: c.locale, Sender: "Fernhill Cabins & Co",
			}))
			if err != nil {
				t.Fatal(err)
			}
			at := base + made.Path
			p.Look(look.width, look.height, look.dark)
			see := func(state, until string) {
				t.Helper()
				p.Await(until)
				browsertest.CheckAccess(p, "wish "+state+" "+c.locale+" "+look.name)
				if wide := browsertest.Eval[int](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("%s %s: %d pixels wider than the window", state, c.locale, wide)
				}
				if got := browsertest.Eval[string](p, `getComputedStyle(document.body).direction + " " + getComputedStyle(document.body).maxWidth`); got != c.direction+" 512px" {
					t.Errorf("%s %s: %s: the style does not hold", state, c.locale, got)
				}
				shoot(p, "wish-"+state+"-"+c.locale+"-"+look.name)
			}
			p.Go(at)
			see("ask", `document.querySelector("form input[name=List-Unsubscribe]") && document.querySelector("a")`)
			p.Click("button")
			see("done", `document.querySelector("[role=status]") && document.querySelector(".second")`)
			p.Click("button")
			see("again", `document.querySelector("[role=status]") && !document.querySelector("form")`)
			p.Go(at + "?choose")
			see("choose", `document.querySelectorAll("input[type=checkbox]:checked").length === 2`)
			p.Click("label:nth-of-type(2)")
			p.Click("button")
			see("chosen", `document.querySelector("[role=status]") && document.querySelectorAll("input[type=checkbox]:checked").length === 1`)
		}
	}
	p.Go(base + "/unsubscribe/x")
	browsertest.CheckAccess(p, "wish broken")
}
