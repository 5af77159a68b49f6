package task

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/action"
	"github.com/heraldsend/herald/worker/fault"
)

func TestActionsReportEveryFaultAtOnce(t *testing.T) {
	yes := true
	good := Actions{
		Subject: "Late order", Tags: make([]string, action.MaxTags), CustomFields: map[string]json.RawMessage{
			"orderNum": json.RawMessage(`9007199254740993`), "noteStr": json.RawMessage(`"x"`), "vipBool": json.RawMessage(`true`), "goneAt": json.RawMessage(`null`), "dueAt": json.RawMessage(`"2026-12-01"`),
		},
		EmailTemplate: "reply", Spam: &yes, Queue: "billing", AssignedUsers: []string{"u1"}, AssignedTeams: []string{"t1"}, Priority: 5,
		Status: "snoozed", SubStatus: "solved", SnoozeUntil: "2w",
	}
	for i := range action.MaxUsers - 1 {
		good.AssignedUsers = append(good.AssignedUsers, fmt.Sprint("u", i+2))
	}
	for i := range good.Tags {
		good.Tags[i] = strings.Repeat("é", action.MaxTagLength-2) + fmt.Sprintf("%02d", i)
	}
	if err := good.Validate(); err != nil {
		t.Errorf("actions at every limit: %v", err)
	}
	bad := Actions{
		Subject: "a\r\nb", Tags: append(make([]string, action.MaxTags), strings.Repeat("é", action.MaxTagLength+1)),
		CustomFields: map[string]json.RawMessage{"list": json.RawMessage(`[1]`), "totalNum": json.RawMessage(`"12"`), "dueAt": json.RawMessage(`"soon"`), "vipBool": json.RawMessage(`1`), "noteStr": json.RawMessage(`true`),
			"": json.RawMessage(`1`), "torn": json.RawMessage(`{`),
			"long": json.RawMessage(`"` + strings.Repeat("x", maxFieldText+1) + `"`)},
		AssignedUsers: []string{""}, Queue: strings.Repeat("q", 129), Status: "gone", Priority: 6, SnoozeUntil: "soon",
	}
	checkFaults(t, bad.Validate(), map[string]string{
		"/tags": fault.TooMany, "/subject": fault.BadCharacter, "/customFields/list": fault.WrongType, "/customFields/totalNum": fault.WrongType, "/customFields/dueAt": fault.WrongType,
		"/customFields/vipBool": fault.WrongType, "/customFields/noteStr": fault.WrongType, "/customFields": fault.Malformed,
		"/customFields/torn": fault.BadJSON, "/customFields/long": fault.TooLong, "/assignedUsers/0": fault.Missing, "/queue": fault.TooLong, "/status": fault.NotOneOf,
		"/priority": fault.OutOfRange, "/snoozeUntil": fault.Malformed,
	})
	checkFaults(t, (&Actions{AssignedUsers: make([]string, action.MaxUsers+1), Status: "done", SnoozeUntil: "3d"}).Validate(), map[string]string{
		"/assignedUsers": fault.TooMany, "/snoozeUntil": fault.Malformed,
	})
	checkFaults(t, (&Actions{Tags: []string{"", "a\nb", strings.Repeat("é", action.MaxTagLength+1)}}).Validate(), map[string]string{
		"/tags/0": fault.Missing, "/tags/1": fault.BadCharacter, "/tags/2": fault.TooLong,
	})
}

// checkFaults compares the faults of an error with those that are wanted, codes by pointers.
func checkFaults(t *testing.T, err error, want map[string]string) {
	t.Helper()
	got, list := map[string]string{}, fault.In(err)
	for _, f := range list {
		got[f.Pointer] = f.Code
		if n := utf8.RuneCountInString(f.Detail); n > 300 {
			t.Errorf("%s: %d characters", f.Pointer, n)
		}
	}
	if !reflect.DeepEqual(got, want) || len(list) != len(want) {
		t.Errorf("%v\nwant %v", list, want)
	}
}

func changes(t *testing.T, a *Actions) string {
	t.Helper()
	var parts []string
	for _, c := range a.Changes(time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)) {
		value, err := json.Marshal(c.Value)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, c.Field+" "+c.Op+" "+string(value))
	}
	return strings.Join(parts, "; ")
}

func TestActionsAreAppliedInOneOrder(t *testing.T) {
	no := false
	for name, c := range map[string]struct {
		actions *Actions
		want    string
	}{
		"none":  {nil, ""},
		"empty": {&Actions{}, ""},
		"all": {&Actions{
			Subject: "S", Tags: []string{"b", "a"}, CustomFields: map[string]json.RawMessage{"n": json.RawMessage("1"), "m": json.RawMessage(`"x"`)},
			EmailTemplate: "reply", Spam: &no, Queue: "q", AssignedUsers: []string{"u"}, AssignedTeams: []string{"t"}, Priority: 4,
			Status: "snoozed", SubStatus: "solved", SnoozeUntil: "2026-12-24T09:00:00+01:00",
		}, `subject set "S"; tags add ["b","a"]; customFields add {"m":"x","n":1}; emailTemplate set "reply"; spam set false; queue set "q"; ` +
			`assignedUsers set ["u"]; assignedTeams set ["t"]; priority set 4; status set "snoozed"; subStatus set "solved"; snoozeUntil set "2026-12-24T08:00:00Z"`},
		"a span counts from the message, and snoozes": {&Actions{SnoozeUntil: "1d2h"}, `status set "snoozed"; snoozeUntil set "2026-12-02T10:00:00Z"`},
		"a transfer unassigns":                        {&Actions{Queue: "q"}, `queue set "q"; assignedUsers set []; assignedTeams set []`},
		"a transfer to someone":                       {&Actions{Queue: "q", AssignedUsers: []string{"u"}}, `queue set "q"; assignedUsers set ["u"]; assignedTeams set []`},
		"an assignment leaves the team be":            {&Actions{AssignedUsers: []string{"u"}}, `assignedUsers set ["u"]`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := changes(t, c.actions); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if c.actions.IsZero() != (c.want == "") {
				t.Errorf("IsZero is %v", c.actions.IsZero())
			}
		})
	}
}

func TestTheJobsActionsWin(t *testing.T) {
	own := &Actions{
		Tags: []string{"a", "b"}, Queue: "q1", Status: "snoozed", SubStatus: "later", AssignedUsers: []string{"u1"},
		CustomFields: map[string]json.RawMessage{"x": json.RawMessage("1"), "y": json.RawMessage("2")},
	}
	before := changes(t, own)
	job := &Actions{Tags: []string{"b", "c"}, Status: "done", AssignedUsers: []string{"u2"}, CustomFields: map[string]json.RawMessage{"y": json.RawMessage("3")}}
	want := `tags add ["a","b","c"]; customFields add {"x":1,"y":3}; queue set "q1"; assignedUsers set ["u2"]; assignedTeams set []; status set "done"`
	if got := changes(t, own.With(job)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	snoozed := &Actions{Status: "snoozed", SubStatus: "later", SnoozeUntil: "3d", Priority: 2}
	for name, c := range map[string]struct {
		a, b *Actions
		want string
	}{
		"another status ends the snooze":   {snoozed, &Actions{Status: "done"}, `priority set 2; status set "done"`},
		"a snooze wins over a status":      {&Actions{Status: "done", SubStatus: "solved"}, &Actions{SnoozeUntil: "1d"}, `status set "snoozed"; snoozeUntil set "2026-12-02T08:00:00Z"`},
		"a priority alone changes no more": {snoozed, &Actions{Priority: 5}, `priority set 5; status set "snoozed"; subStatus set "later"; snoozeUntil set "2026-12-04T08:00:00Z"`},
	} {
		if got := changes(t, c.a.With(c.b)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if err := c.a.With(c.b).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if changes(t, own) != before {
		t.Error("the shortcut's own were changed")
	}
	var none *Actions
	if !reflect.DeepEqual(none.With(job), job) || !reflect.DeepEqual(own.With(none), own) {
		t.Error("none with some is not some")
	}
}
