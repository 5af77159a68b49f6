package catalog_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
)

func load(t *testing.T, files ...string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(rendertest.Folder(files...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func names(found []catalog.Match) string {
	var out []string
	for _, m := range found {
		out = append(out, m.Shortcut.Name)
	}
	return strings.Join(out, " ")
}

var searched = []string{
	"shortcuts/refund.yaml", "message: We send the money back.\ndescription: After a return.\ncategory: Billing\n",
	"shortcuts/refund-late.yaml", "message: Your refund takes longer.\ncategory: Billing\ntags: [delayed]\n",
	"shortcuts/gift.yaml", "message: This gift card can't be refunded. {{customer.secretStr}}\nchannels:\n  sms:\n    message: No refund for cards.\n",
	"shortcuts/cafe.yaml", "subject: Le Café est fermé\nmessage: Hi\n",
	"shortcuts/hello.yaml", "name: \"hello[[sn.mood]]\"\nmessage: \"[[sn.greeting]] and welcome\"\n",
	"shortcuts/secret.yaml", "message: refund in secret\nvisibility: private\nowner: ann\n",
	"snippets/sn.greeting.yaml", "source: en\ntexts: {en: Good morning, de: \"Guten Morgen [[sn.name]]\"}\n",
	"snippets/sn.name.yaml", "source: en\ntexts: {en: friend, de: Freundin}\n",
	"snippets/sn.mood.yaml", "source: en\ntexts: {en: -happily, de: -fröhlich}\n",
}

func TestSearchFindsNameAndTextRanked(t *testing.T) {
	c := load(t, searched...)
	for _, x := range []struct{ query, locale, as, want string }{
		{"refund", "en", "bob", "refund refund-late gift"},                 // the name itself, a name's beginning, a word of the text
		{"REFUND", "en", "ann", "refund refund-late gift secret"},          // who may see it finds it
		{"refund late", "en", "bob", "refund-late"},                        // every word
		{"late refund", "en", "bob", "refund-late"},                        // in any order
		{"fund", "en", "bob", "refund refund-late gift"},                   // within a word
		{"money", "en", "bob", "refund"},                                   // text alone
		{"billing", "en", "bob", "refund refund-late"},                     // category
		{"delayed", "en", "bob", "refund-late"},                            // tag
		{"cafe ferme", "en", "bob", "cafe"},                                // accents make no difference
		{"CAFÉ", "en", "bob", "cafe"},                                      // either way
		{"morning", "en", "bob", "hello[[sn.mood]]"},                       // in a snippet, in the reader's language
		{"morning", "de", "bob", ""},                                       // and not in another one
		{"freundin", "de-AT", "bob", "hello[[sn.mood]]"},                   // in a snippet of a snippet
		{"frohlich", "de", "bob", "hello[[sn.mood]]"},                      // in the name as it is shown
		{"secretStr", "en", "bob", ""},                                     // dynamic text is not the message's
		{"nothing", "en", "bob", ""},                                       //
		{"", "en", "bob", "cafe gift hello[[sn.mood]] refund refund-late"}, // all, by name
		{"  ", "xx-invalid-language-tag", "bob", "cafe gift hello[[sn.mood]] refund refund-late"},
	} {
		if got := names(c.Search(x.query, x.locale, catalog.ActorOf(x.as))); got != x.want {
			t.Errorf("%q in %s as %s: %q, want %q", x.query, x.locale, x.as, got, x.want)
		}
	}
	hello := c.Search("freundin", "de", catalog.Actor{})[0]
	if hello.Title != "hello-fröhlich" || !strings.Contains(hello.Excerpt, "Freundin") {
		t.Errorf("title %q, excerpt %q", hello.Title, hello.Excerpt)
	}
	if m := c.Search("refund", "en", catalog.Actor{})[0]; m.Excerpt != "" {
		t.Errorf("an excerpt %q although the name has the word", m.Excerpt)
	}
}

// Every word of a text finds it, and its excerpt shows the word.
func TestSearchEveryWord(t *testing.T) {
	long := make([]string, 80)
	for i := range long {
		long[i] = fmt.Sprintf("Wörd%03dé", i)
	}
	c := load(t, "shortcuts/a.yaml", "message: \""+strings.Join(long, " ")+"\"\n")
	for _, word := range long {
		found := c.Search(strings.ToUpper(word), "en", catalog.Actor{})
		if len(found) != 1 || !strings.Contains(found[0].Excerpt, word) || len([]rune(found[0].Excerpt)) > 120 {
			t.Fatalf("%s: %+v", word, found)
		}
	}
}

// Snippets that contain one another many times are shown within bounds.
func TestShownIsBounded(t *testing.T) {
	files := []string{"shortcuts/a.yaml", "message: \"[[sn.s0]]\"\n"}
	for i := range 9 {
		text := strings.Repeat(fmt.Sprintf("[[sn.s%d]]", i+1), 100)
		if i == 8 {
			text = "end"
		}
		files = append(files, fmt.Sprintf("snippets/sn.s%d.yaml", i), fmt.Sprintf("source: en\ntexts: {en: \"%s\"}\n", text))
	}
	c := load(t, files...)
	if n := len(c.Shown("[[sn.s0]]", "en")); n > 2<<20 {
		t.Errorf("%d bytes", n)
	}
	if got := c.Shown("a [[sn.none]] [[sn.s8]]", "en"); got != "a [[sn.none]] end" {
		t.Errorf("%q", got)
	}
}

func TestCategoriesAreATreeInOrder(t *testing.T) {
	c := load(t,
		"defaults.yaml", "categories: [Orders/Late/Very, Billing, Ghost, Orders/Early]\n",
		"shortcuts/a.yaml", "message: x\ncategory: Alpha\n",
		"shortcuts/b.yaml", "message: x\ncategory: Billing\n",
		"shortcuts/c.yaml", "message: x\ncategory: Orders\nsubcategory: Late\n",
		"shortcuts/d.yaml", "message: x\ncategory: \"Orders / Late/Very/\"\n",
		"shortcuts/e.yaml", "message: x\ncategory: Orders/Early\n",
		"shortcuts/f.yaml", "message: x\ncategory: Orders/Another\n",
		"shortcuts/g.yaml", "message: x\n",
		"shortcuts/h.yaml", "message: x\ncategory: Hidden\nvisibility: private\nowner: ann\n",
	)
	tree := c.Categories(catalog.ActorOf("bob"))
	var got []string
	tree.Walk(func(one *catalog.Category) { got = append(got, one.Path+": "+strings.Join(one.Shortcuts, " ")) })
	want := []string{": g", "Orders: ", "Orders/Late: c", "Orders/Late/Very: d", "Orders/Early: e", "Orders/Another: f", "Billing: b", "Alpha: a"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	tree = c.Categories(catalog.ActorOf("ann"))
	if !slices.ContainsFunc(tree.Categories, func(one catalog.Category) bool { return one.Name == "Hidden" }) {
		t.Error("ann doesn't see her own")
	}
}

func TestDefaultShortcuts(t *testing.T) {
	c := load(t, "defaults.yaml", "replyShortcut: hi\nnoteShortcut: memo\n", "shortcuts/hi.yaml", "message: x\n", "shortcuts/memo.yaml", "message: x\n")
	for channel, want := range map[catalog.Channel]string{catalog.Email: "hi", catalog.SMS: "hi", catalog.Chat: "hi", catalog.Note: "memo"} {
		if got := c.DefaultShortcut(channel); got != want {
			t.Errorf("%s: %q", channel, got)
		}
	}
	_, findings := catalog.Read(rendertest.Folder("defaults.yaml", "replyShortcut: hu\n", "shortcuts/hi.yaml", "message: x\n"))
	if len(findings) != 1 || findings[0].Code != "unknown_shortcut" || findings[0].Line != 1 || !strings.Contains(findings[0].Message, `"hi"`) {
		t.Errorf("%v", findings)
	}
}

// What a shortcut may change in a conversation is checked where it is written.
func TestShortcutActions(t *testing.T) {
	list := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint("u", i))
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	for yaml, code := range map[string]string{
		"assignedUsers: " + list(10): "",
		"assignedUsers: " + list(11): "assignedUsers",
		"customFields: {totalNum: 12, dueAt: 2026-12-01, vipBool: true, noteStr: x, goneAt: null}": "",
		"customFields: {totalNum: \"12\"}":                 "custom_field",
		"customFields: {vipBool: x}":                       "custom_field",
		"priority: 5":                                      "",
		"priority: 0":                                      "", // none
		"priority: 6":                                      "priority",
		"priority: \"5\"":                                  "yaml_type",
		"priority: 2.5":                                    "yaml_type",
		"snoozeUntil: 3d":                                  "",
		"snoozeUntil: 3d\nstatus: snoozed":                 "",
		"snoozeUntil: 3d\nstatus: done":                    "snooze",
		"snoozeUntil: tomorrow":                            "snooze",
		"snoozeUntil: \"2027-01-01T09:00:00Z\"":            "",
		"snoozeUntil: 2027-01-01T09:00:00Z":                "yaml_type",
		"subStatus: waiting":                               "",
		"subStatus: " + strings.Repeat("x", 129):           "action",
		"conversationSubject: Late order":                  "",
		"conversationSubject: \"Late {{customer.name}}\"":  "action",
		"conversationSubject: \"[[sn.greeting]]\"":         "action",
		"conversationSubject: \"a\\nb\"":                   "action",
		"conversationSubject: " + strings.Repeat("é", 998): "",
		"conversationSubject: " + strings.Repeat("é", 999): "action",
	} {
		_, findings := catalog.Read(rendertest.Folder("shortcuts/a.yaml", "message: x\n"+yaml+"\n"))
		got := ""
		for _, f := range findings {
			got += f.Code
			if f.Line < 2 {
				t.Errorf("%s: found in line %d", yaml, f.Line)
			}
		}
		if got != code {
			t.Errorf("%s: %q, want %q: %v", yaml, got, code, findings)
		}
	}
}
