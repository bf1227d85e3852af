package demo

import (
	"embed"
	"io/fs"
)

//go:embed features.yaml models
var files embed.FS

// Files returns features.yaml and the model repository, models/.
func Files() fs.FS { return files }
