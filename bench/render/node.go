package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed node/bench.js node/package.json node/package-lock.json
var nodeFiles embed.FS

// nodeBench is where Handlebars.js is measured.
type nodeBench struct {
	script string // folder of bench.js and its modules
	data   string // folder of testdata, temporary
}

// newNodeBench unpacks the templates, and installs the modules beside them unless
// dir, a folder like node/, has them.
func newNodeBench(dir string) (*nodeBench, error) {
	temp, err := os.MkdirTemp("", "bench-render-")
	if err != nil {
		return nil, err
	}
	n := &nodeBench{script: dir, data: temp}
	if err := os.CopyFS(temp, testdata); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if dir == "" {
		n.script = filepath.Join(temp, "node")
		if err := n.install(temp); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	return n, nil
}

// Close removes what was unpacked and installed.
func (n *nodeBench) Close() error { return os.RemoveAll(n.data) }

func (n *nodeBench) install(temp string) error {
	if err := os.CopyFS(temp, nodeFiles); err != nil {
		return err
	}
	cmd := exec.Command("npm", "ci", "--silent")
	cmd.Dir, cmd.Stderr = n.script, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return nil
}

// measure measures Handlebars.js.
func (n *nodeBench) measure(rows []*row) error {
	cmd := exec.Command("node", append([]string{"bench.js", filepath.Join(n.data, "testdata")}, names...)...)
	cmd.Dir, cmd.Stderr = n.script, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("node bench.js: %w", err)
	}
	var result map[string]struct {
		Render, JSON float64
		Output       string
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return err
	}
	for _, r := range rows {
		least(&r.nodeRender, result[r.name].Render)
		least(&r.nodeJSON, result[r.name].JSON)
		r.nodeOutput = result[r.name].Output
	}
	return nil
}
