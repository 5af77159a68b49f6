package delivery

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// However many reasons people and other sides think of, the series stay few.
func TestReasonsMakeFewSeries(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		m.outcome(message.SMS, &Outcome{State: ledger.Suppressed, Reason: ledger.Reason{Code: fmt.Sprintf("list_%d", i)}})
		m.outcome(message.SMS, &Outcome{State: ledger.Failed, Reason: ledger.Reason{Code: fmt.Sprintf("twilio_%d", i)}})
	}
	m.outcome(message.SMS, &Outcome{State: ledger.Suppressed, Reason: ledger.Reason{Code: suppress.Unsubscribed}})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "herald_sends_total" && len(f.GetMetric()) > mostReasons+4 {
			t.Errorf("%d series", len(f.GetMetric()))
		}
	}
}
