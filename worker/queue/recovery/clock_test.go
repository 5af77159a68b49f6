package recovery

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestCheckClock(t *testing.T) {
	ctx := context.Background()
	for off, want := range map[time.Duration]string{
		0: "", 4 * time.Second: "", -4 * time.Second: "", 20 * time.Second: "s behind that of Redis", -20 * time.Second: "s ahead of that of Redis",
	} {
		ahead, err := CheckClock(ctx, redistest.Impostor(t, "7.0.0", off))
		if d := ahead + off; d.Abs() > 500*time.Millisecond {
			t.Errorf("Redis is %s ahead, found %s", off, -ahead)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", off, err, want)
		}
	}
}
