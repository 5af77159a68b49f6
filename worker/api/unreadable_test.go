package api

import (
	"slices"
	"testing"
)

// A bulk whose data somebody wrote over is told, and hides no other.
func TestUnreadableBulksAreListed(t *testing.T) {
	s := start(t, nil)
	for _, id := range []string{"good", "bad"} {
		s.want(201, "POST", "/v1/bulks", `{"id":"`+id+`","messages":[{"channel":"note","text":"x"}]}`)
	}
	rdb := s.redis.Client()
	if err := rdb.Set(t.Context(), "herald:bulk:{bad}", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items      []BulkStatus
		Unreadable []string
	}
	s.want(200, "GET", "/v1/bulks", nil).decode(t, &list)
	if len(list.Items) != 1 || list.Items[0].ID != "good" || !slices.Equal(list.Unreadable, []string{"bad"}) {
		t.Errorf("%+v", list)
	}
}
