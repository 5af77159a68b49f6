package app

import (
	"reflect"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/message"
)

// Every channel has a row in each of the three tables: what it is, what its content is, how it is sent.
func TestTablesAgree(t *testing.T) {
	var rows, contents []message.Channel
	for _, w := range ways {
		rows = append(rows, w.channel)
	}
	for _, c := range catalog.Channels() {
		contents = append(contents, message.Channel(c))
	}
	if !reflect.DeepEqual(rows, message.Channels) || !reflect.DeepEqual(contents, message.Channels) {
		t.Fatalf("messages go by %v, are rendered for %v, sent by %v", message.Channels, contents, rows)
	}
	for _, c := range message.Channels {
		spec, content := c.Spec(), catalog.Channel(c)
		if string(spec.Form) != string(content.Form()) {
			t.Errorf("%s: form %q, rendered as %q", c, spec.Form, content.Form())
		}
		if limits := content.Files(); int64(limits.File) != spec.Files.MaxFile || int64(limits.Total) != spec.Files.MaxTotal {
			t.Errorf("%s: files %+v, lint allows %+v", c, spec.Files, limits)
		}
		if !reflect.DeepEqual(spec.Files.Types, catalog.FileTypes()) {
			t.Errorf("%s: types %v, lint allows %v", c, spec.Files.Types, catalog.FileTypes())
		}
	}
}
