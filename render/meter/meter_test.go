package meter

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestChargeEndsWithTheSteps(t *testing.T) {
	m := New(t.Context(), 10)
	for i := range 10 {
		if err := m.Charge(1); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
	if err := m.Charge(1); !errors.Is(err, ErrSpent) {
		t.Errorf("step 11: %v", err)
	}
	if m.Spent() != 10 {
		t.Errorf("%d steps spent", m.Spent())
	}
}

func TestBytesAddUp(t *testing.T) {
	m := New(t.Context(), 2)
	for range 3*BytesPerStep - 1 {
		if err := m.Bytes(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Bytes(1); !errors.Is(err, ErrSpent) {
		t.Errorf("the third step: %v", err)
	}
}

func TestGrantsAndReturns(t *testing.T) {
	m := New(t.Context(), 10)
	for _, want := range []int{7, 3} {
		if n, err := m.Grant(7); n != want || err != nil {
			t.Errorf("got %d, %v, want %d", n, err, want)
		}
	}
	if n, err := m.Grant(1); n != 0 || !errors.Is(err, ErrSpent) {
		t.Errorf("got %d, %v of nothing", n, err)
	}
	m.Return(2)
	if n, err := m.Grant(7); n != 2 || err != nil {
		t.Errorf("got %d, %v of 2 that were returned", n, err)
	}
}

// However much is charged, the context is looked at within Patience steps.
func TestContextEndsTheWork(t *testing.T) {
	cause := errors.New("the caller left")
	for _, each := range []int{0, 1, 100, Patience, 10 * Patience} {
		ctx, cancel := context.WithCancelCause(t.Context())
		m := New(ctx, 1<<40)
		if err := m.Charge(each); err != nil {
			t.Fatal(err)
		}
		cancel(cause)
		taken := 0
		for ; taken <= Patience; taken += max(each, 1) {
			if err := m.Charge(max(each, 1)); errors.Is(err, cause) {
				break
			}
		}
		if taken > Patience {
			t.Errorf("%d at a time: nobody looked for %d steps", each, taken)
		}
		if _, err := m.Grant(1); !errors.Is(err, cause) {
			t.Errorf("a grant: %v", err)
		}
	}
}

func TestReaderIsCharged(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := New(ctx, 10)
	r := m.Reader(strings.NewReader(strings.Repeat("x", 20*BytesPerStep)))
	half := make([]byte, 5*BytesPerStep)
	if _, err := io.ReadFull(r, half); err != nil || m.Spent() != 5 {
		t.Errorf("%v, %d steps", err, m.Spent())
	}
	if _, err := io.ReadAll(r); !errors.Is(err, ErrSpent) {
		t.Errorf("all: %v", err)
	}
	cancel()
	if _, err := m.Reader(strings.NewReader("x")).Read(half); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller left: %v", err)
	}
}

func TestNobodysMeter(t *testing.T) {
	var m *Meter
	if m.Charge(1<<40) != nil || m.Bytes(1<<40) != nil || m.Err() != nil || m.Spent() != 0 {
		t.Error("nil bounds something")
	}
	if got, err := io.ReadAll(m.Reader(strings.NewReader("x"))); string(got) != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
