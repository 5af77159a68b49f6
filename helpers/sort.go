package helpers

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/heraldsend/herald/helpers/decimal"
	"github.com/heraldsend/herald/render/handlebars"
)

func orderEntries() []Entry {
	end := func(name, which string, examples ...Example) Entry {
		return Entry{
			Name: name, Signature: name + " list count",
			Doc:      "The " + which + " item of a list, or character of a text; with a count, that many of them, as a list or a text.",
			Examples: examples,
			Args:     []Param{{Name: "list"}, {Name: "count", Kind: Number, Optional: true}},
			helper: handlebars.Helper{Shallow: true, OrField: true, Prepare: prepareEnd, Func: func(c *handlebars.Call) (handlebars.Value, error) {
				return endOf(c, name == "last")
			}},
		}
	}
	return []Entry{
		end("first", "first",
			Example{Template: `{{first items}}`, Context: `{"items":["a","b","c"]}`, Output: "a"},
			Example{Template: `{{join (first items 2)}}`, Context: `{"items":["a","b","c"]}`, Output: "a, b"},
			Example{Template: `{{first name}}.`, Context: `{"name":"Ann"}`, Output: "A."},
			Example{Template: `[{{first items}}]`, Context: `{"items":[]}`, Output: "[]"},
		),
		end("last", "last",
			Example{Template: `{{last items}}`, Context: `{"items":["a","b","c"]}`, Output: "c"},
			Example{Template: `{{join (last items 2)}}`, Context: `{"items":["a","b","c"]}`, Output: "b, c"},
			Example{Template: `Card ending in {{last card 4}}`, Context: `{"card":"4111 1111 1111 1234"}`, Output: "Card ending in 1234"},
		), {
			Name: "sort", Signature: "sort list by= locale=",
			Doc: "The list in order: numbers, and texts that are numbers, by size, then texts by the locale's alphabet, then everything else. `by` names the member of the items " +
				"to go by, or a path (`by=\"order.total\"`). Equal items keep their order; `reverse` turns it.",
			Examples: []Example{
				{Template: `{{join (sort names)}}`, Context: `{"names":["Zoe","Äpfel","anna"]}`, Output: "anna, Äpfel, Zoe", Locale: "de"},
				{
					Template: `{{#each (sort items by="price")}}{{name}} {{/each}}`,
					Context:  `{"items":[{"name":"B","price":10},{"name":"A","price":9.5}]}`, Output: "A B ",
				},
				{Template: `{{join (reverse (sort numbers))}}`, Context: `{"numbers":[2,10,1]}`, Output: "10, 2, 1"},
			},
			Args: []Param{{Name: "list", Kind: List}}, Options: []Param{{Name: "by", Kind: Text}, {Name: "locale", Kind: Language}}, Gives: List,
			helper: handlebars.Helper{Prepare: prepareSort, Func: sortList},
		}}
}

var errCount = errors.New("the count must be a whole number from 0")

func prepareEnd(site *handlebars.Site) (any, error) {
	if v, ok := site.Arg(1); ok {
		if _, ok := length(v); !ok {
			return nil, errCount
		}
	}
	return nil, nil
}

func endOf(c *handlebars.Call, last bool) (handlebars.Value, error) {
	v, n := c.Arg(0), 1
	if c.Len() > 1 {
		var ok bool
		if n, ok = length(c.Arg(1)); !ok {
			return handlebars.Value{}, errCount
		}
	}
	if text, ok := v.Str(); ok {
		if !last {
			return handlebars.String(text[:cut(text, n)]), nil
		}
		if err := chargeText(c, text); err != nil { // which is read twice
			return handlebars.Value{}, err
		}
		return handlebars.String(text[cut(text, max(0, characters(text)-n)):]), nil
	}
	items := v.Items()
	if n = min(n, len(items)); last {
		items = items[len(items)-n:]
	} else {
		items = items[:n]
	}
	switch {
	case c.Len() > 1:
		return handlebars.Array(items), nil
	case n == 0:
		return handlebars.Value{}, nil
	}
	return items[0], nil
}

func prepareSort(site *handlebars.Site) (any, error) {
	if v, ok := site.Option("by"); ok && strings.TrimSpace(v.Text()) == "" {
		return nil, errors.New(`by must name a member of the items, as by="price"`)
	}
	return nil, nil
}

// sortKey is what an item is ordered by.
type sortKey struct {
	rank   int // 0: a number, 1: a text, 2: neither
	number decimal.Decimal
	text   []byte // a text's key in the locale's alphabet
	item   handlebars.Value
}

// alphabetOf is the locale whose alphabet counts. golang.org/x/text has none for Norwegian, which is the Danish one.
func alphabetOf(l language.Tag) language.Tag {
	if base, _ := l.Base(); slices.Contains([]string{"nb", "nn", "no"}, base.String()) {
		return language.Danish
	}
	return l
}

// sortWeight is how many steps it counts to sort an item.
const sortWeight = 4

func sortList(c *handlebars.Call) (handlebars.Value, error) {
	items := c.Arg(0).Items()
	if err := c.Charge(sortWeight * len(items)); err != nil {
		return handlebars.Value{}, err
	}
	alphabet, buf := collate.New(alphabetOf(tag(c))), new(collate.Buffer)
	var path []string
	if by := optionText(c, "by", ""); by != "" {
		path = strings.Split(by, ".")
	}
	keys := make([]sortKey, len(items))
	for i, item := range items {
		k, value := sortKey{rank: 2, item: item}, item
		for _, name := range path {
			if value = value.Get(name); value.IsNil() {
				break
			}
		}
		text, isText := value.Str()
		if isText || value.Kind() == handlebars.KindNumber {
			var isNumber bool
			if k.number, isNumber = decimal.Parse(strings.TrimSpace(value.Text())); isNumber {
				k.rank = 0
			} else if isText {
				k.rank, k.text = 1, alphabet.KeyFromString(buf, text)
			}
		}
		keys[i] = k
	}
	slices.SortStableFunc(keys, compareKeys)
	out := make([]handlebars.Value, len(keys))
	for i, k := range keys {
		out[i] = k.item
	}
	return handlebars.Array(out), nil
}

func compareKeys(a, b sortKey) int {
	switch {
	case a.rank != b.rank:
		return a.rank - b.rank
	case a.rank == 0:
		return a.number.Compare(b.number)
	}
	return slices.Compare(a.text, b.text)
}
