package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

// 60 bulks, each with a context of 1 MB, are listed, also for several callers at once, and so is each of their states.
func TestLargeBulksAreListed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	large, err := json.Marshal(map[string]any{"note": strings.Repeat("x", 1<<20-20)})
	if err != nil {
		t.Fatal(err)
	}
	var definition map[string]any
	if err := json.Unmarshal([]byte(aBulk), &definition); err != nil {
		t.Fatal(err)
	}
	definition["context"] = json.RawMessage(large)
	bulks := 60
	if rendertest.RaceFactor > 1 { // each megabyte is read slowly then
		bulks = 12
	}
	for i := range bulks {
		definition["id"] = fmt.Sprint("large-", i)
		s.want(201, "POST", "/v1/bulks", definition)
	}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for _, query := range []string{"?limit=100", "?limit=100&state=loading"} {
				answer := s.do("GET", "/v1/bulks"+query, nil)
				var list struct{ Items []struct{ ID string } }
				if err := json.Unmarshal(answer.body, &list); err != nil || answer.status != 200 || len(list.Items) != bulks {
					t.Errorf("%s: status %d, %d bulks, %v", query, answer.status, len(list.Items), err)
				}
				if len(answer.body) > 1<<20 {
					t.Errorf("%s: %d bytes", query, len(answer.body))
				}
			}
		})
	}
	callers.Wait()
}
