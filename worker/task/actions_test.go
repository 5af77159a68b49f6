package task

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
)

func TestActionsReportEveryFaultAtOnce(t *testing.T) {
	yes := true
	good := Actions{
		Subject: "Late order", Tags: make([]string, MaxTags), CustomFields: map[string]json.RawMessage{
			"orderNum": json.RawMessage(`9007199254740993`), "noteStr": json.RawMessage(`"x"`), "vipBool": json.RawMessage(`true`), "goneAt": json.RawMessage(`null`),
		},
		EmailTemplate: "reply", Spam: &yes, Queue: "billing", AssignedUsers: []string{"u1"}, AssignedTeams: []string{"t1"}, Status: "done", SubStatus: "solved",
	}
	for i := range good.Tags {
		good.Tags[i] = strings.Repeat("é", MaxTagLength-2) + fmt.Sprintf("%02d", i)
	}
	if err := good.Validate(); err != nil {
		t.Errorf("actions at every limit: %v", err)
	}
	bad := Actions{
		Subject: "a\r\nb", Tags: append(make([]string, MaxTags), strings.Repeat("é", MaxTagLength+1)),
		CustomFields: map[string]json.RawMessage{"list": json.RawMessage(`[1]`), "": json.RawMessage(`1`), "torn": json.RawMessage(`{`),
			"long": json.RawMessage(`"` + strings.Repeat("x", maxFieldText+1) + `"`)},
		AssignedUsers: []string{""}, Queue: strings.Repeat("q", 129), Status: "gone",
	}
	checkFaults(t, bad.Validate(), map[string]string{
		"/tags": fault.TooMany, "/subject": fault.BadCharacter, "/customFields/list": fault.WrongType, "/customFields": fault.Malformed,
		"/customFields/torn": fault.BadJSON, "/customFields/long": fault.TooLong, "/assignedUsers/0": fault.Missing, "/queue": fault.TooLong, "/status": fault.NotOneOf,
	})
	checkFaults(t, (&Actions{Tags: []string{"", "a\nb", strings.Repeat("é", MaxTagLength+1)}}).Validate(), map[string]string{
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
	for _, c := range a.Changes() {
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
			EmailTemplate: "reply", Spam: &no, Queue: "q", AssignedUsers: []string{"u"}, AssignedTeams: []string{"t"}, Status: "done", SubStatus: "solved",
		}, `subject set "S"; tags add ["b","a"]; customFields add {"m":"x","n":1}; emailTemplate set "reply"; spam set false; queue set "q"; ` +
			`assignedUsers set ["u"]; assignedTeams set ["t"]; status set "done"; subStatus set "solved"`},
		"a transfer unassigns":             {&Actions{Queue: "q"}, `queue set "q"; assignedUsers set []; assignedTeams set []`},
		"a transfer to someone":            {&Actions{Queue: "q", AssignedUsers: []string{"u"}}, `queue set "q"; assignedUsers set ["u"]; assignedTeams set []`},
		"an assignment leaves the team be": {&Actions{AssignedUsers: []string{"u"}}, `assignedUsers set ["u"]`},
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
	if changes(t, own) != before {
		t.Error("the shortcut's own were changed")
	}
	var none *Actions
	if !reflect.DeepEqual(none.With(job), job) || !reflect.DeepEqual(own.With(none), own) {
		t.Error("none with some is not some")
	}
}
