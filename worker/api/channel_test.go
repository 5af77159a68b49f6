package api

import (
	"fmt"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heraldsend/herald/worker/message"
)

// Wherever the description speaks of a channel it lists those of the table, and no list of one for each is longer.
func TestChannelsInDescription(t *testing.T) {
	doc := description(t, everything(t))
	want, found := fmt.Sprint(message.Channels), 0
	// A shortcut's channels are an object, and a bulk of actions alone has states without a channel.
	other := map[string]bool{"InlineShortcut.channels": true, "Shortcut.channels": true, "RecipientState.channel": true}
	check := func(where string, s *openapi3.SchemaRef) {
		for s.Value != nil && s.Value.Items != nil {
			if s.Value.MaxItems == nil || *s.Value.MaxItems != uint64(len(message.Channels)) {
				t.Errorf("%s: at most %v", where, s.Value.MaxItems)
			}
			s = s.Value.Items
		}
		found++
		if got := fmt.Sprint(s.Value.Enum); got != want {
			t.Errorf("%s: one of %s, want %s", where, got, want)
		}
	}
	for name, schema := range doc.Components.Schemas {
		for _, property := range []string{"channel", "channels"} {
			if s := schema.Value.Properties[property]; s != nil && !other[name+"."+property] {
				check(name+"."+property, s)
			}
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if p := op.Parameters.GetByInAndName("query", "channel"); p != nil {
				check(method+" "+path, p.Schema)
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d places speak of a channel", found)
	}
}
