package outbox

import (
	"strings"
	"testing"
	"time"
)

// Facts of an owner tell the owner and the owner's own ids; their event ids and streams are of the stored ids, so that
// two owners' never meet.
func TestFactsTellTheirOwner(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct{ owned, other Fact }{
		"message":       {Message{ID: "shop~m", State: "sent", At: at}, Message{ID: "m", State: "sent", At: at}},
		"of a bulk":     {Message{ID: "shop~b+0.1.email", Bulk: "shop~b", State: "sent", At: at}, Message{ID: "b+0.1.email", Bulk: "b", State: "sent", At: at}},
		"note":          {Note{ID: "shop~m", At: at}, Note{ID: "m", At: at}},
		"update":        {Updated{Conversation: "c", Message: "shop~m", Cause: "shop~m", At: at}, Updated{Conversation: "c", Message: "m", Cause: "m", At: at}},
		"update, alone": {Updated{Conversation: "c", Bulk: "shop~b", Cause: "shop~b", At: at}, Updated{Conversation: "c", Bulk: "b", Cause: "b", At: at}},
		"forward":       {Forwarded{ID: "shop~m", At: at}, Forwarded{ID: "m", At: at}},
		"bulk":          {Bulk{ID: "shop~b", At: at}, Bulk{ID: "b", At: at}},
	} {
		owned, err := of(c.owned)
		other, err2 := of(c.other)
		if err != nil || err2 != nil {
			t.Fatal(name, err, err2)
		}
		without := strings.Replace(string(owned.Data), `"owner":"shop",`, "", 1)
		if without == string(owned.Data) || without != string(other.Data) {
			t.Errorf("%s: %s beside %s", name, owned.Data, other.Data)
		}
		if owned.ID == other.ID {
			t.Errorf("%s: both have the event id %s", name, owned.ID)
		}
	}
}
