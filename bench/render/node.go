package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed node/bench.js node/package.json node/package-lock.json
var nodeFiles embed.FS

// nodeModules returns a folder with node/bench.js and its modules, and a function
// that removes what was made for it.
func nodeModules(dir string) (string, func(), error) {
	if dir != "" {
		return dir, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench-render-")
	if err != nil {
		return "", nil, err
	}
	clean := func() { _ = os.RemoveAll(dir) }
	if err := install(dir); err != nil {
		clean()
		return "", nil, err
	}
	return dir, clean, nil
}

func install(dir string) error {
	files, err := nodeFiles.ReadDir("node")
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := nodeFiles.ReadFile("node/" + f.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name()), text, 0o600); err != nil {
			return err
		}
	}
	if err := os.CopyFS(dir, testdata); err != nil {
		return err
	}
	cmd := exec.Command("npm", "ci", "--silent")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return nil
}

// measureNode measures Handlebars.js.
func measureNode(dir string, rows []*row) error {
	cmd := exec.Command("node", append([]string{"bench.js", "testdata"}, names...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
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
