package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/fault"
)

// many are n entries that differ.
func many(n int) (tags []string, metadata map[string]string) {
	metadata = map[string]string{}
	for i := range n {
		tags = append(tags, fmt.Sprint("tag ", i))
		metadata[fmt.Sprint("key", i)] = strings.Repeat("é", MaxMetaValue)
	}
	return tags, metadata
}

func TestLabels(t *testing.T) {
	most, full := many(MaxTags)
	over, overfull := many(MaxTags + 1)
	cases := []struct {
		name   string
		labels Labels
		want   []string // pointer and code of each fault
	}{
		{"none", Labels{}, nil},
		{"all", Labels{"news", []string{"spring 26", "größe"}, map[string]string{"orderId": "10031", "a.b-c_d": ""}}, nil},
		{"most", Labels{strings.Repeat("n", 40), most, full}, nil},
		{"too many", Labels{"", over, overfull}, []string{"/tags too_many", "/metadata too_many"}},
		{"star", Labels{Topic: "*"}, []string{"/topic malformed"}},
		{"capital", Labels{Topic: "News"}, []string{"/topic malformed"}},
		{"long topic", Labels{Topic: strings.Repeat("n", 41)}, []string{"/topic malformed"}},
		{"tags", Labels{Tags: []string{"", " a", "a\n", "b", "b", strings.Repeat("é", 65), "\xff"}}, []string{
			"/tags/0 missing", "/tags/1 malformed", "/tags/2 malformed", "/tags/4 duplicate", "/tags/5 too_long", "/tags/6 bad_character",
		}},
		{"control in a tag", Labels{Tags: []string{"a\x00b"}}, []string{"/tags/0 bad_character"}},
		{"metadata", Labels{Metadata: map[string]string{"": "x", "a b": "x", "c/d": "x", "e": "x\r\ny", "f": strings.Repeat("é", 201), strings.Repeat("g", 41): ""}}, []string{
			"/metadata/ malformed", "/metadata/a b malformed", "/metadata/c~1d malformed", "/metadata/e bad_character", "/metadata/f too_long", "/metadata/" + strings.Repeat("g", 41) + " malformed",
		}},
	}
	for _, c := range cases {
		var got []string
		for _, f := range fault.In(c.labels.Validate()) {
			got = append(got, f.Pointer+" "+f.Code)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
