package compose

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/task"
)

// Who acts may use only what they may see, wherever content is made: pinned, judged, opened by a worker.
func TestVisibilityBinds(t *testing.T) {
	cat, err := catalog.Load(rendertest.Folder(
		"shortcuts/public.yaml", "subject: x\nmessage: x\n",
		"shortcuts/own.yaml", "visibility: private\nowner: ann\nsubject: x\nmessage: x\n",
		"shortcuts/team.yaml", "visibility: teams\nteams: [billing]\nsubject: x\nmessage: x\n",
		"shortcuts/users.yaml", "visibility: users\nusers: [ann, cy]\nsubject: x\nmessage: x\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, "email")
	s.cat = cat
	c := s.composer(t)
	judge := NewJudge(func() *catalog.Catalog { return cat }, "")
	for _, e := range []struct {
		shortcut, as string
		may          bool
	}{
		{"public", "", true}, {"public", "bob", true},
		{"own", "", true}, {"own", "ann", true}, {"own", "ann, billing", true}, {"own", "bob", false}, {"own", "bob, ann", false},
		{"team", "billing", true}, {"team", "bob,billing", true}, {"team", "bob, support", false},
		{"users", "cy", true}, {"users", "bob", false}, {"users", " ", true},
	} {
		for _, subject := range []string{"", "Another subject"} {
			content := task.Content{Shortcut: e.shortcut, As: e.as, Subject: subject}
			_, pinned := Pin(context.Background(), c.Blobs, time.Hour, cat, content)
			_, opened := c.Open(context.Background(), content)
			for name, err := range map[string]error{"pinned": pinned, "opened": opened} {
				var v *Verdict
				if got := err == nil; got != e.may || !got && (!errors.As(err, &v) || v.Code != "shortcut_hidden") {
					t.Errorf("%s as %q, %s: %v", e.shortcut, e.as, name, err)
				}
			}
			faults := fault.Of(judge.Check(content))
			if got := len(faults) == 0; got != e.may || !got && (faults[0].Pointer != "/as" || faults[0].Code != "shortcut_hidden") {
				t.Errorf("%s as %q, judged: %+v", e.shortcut, e.as, faults)
			}
		}
	}
}
