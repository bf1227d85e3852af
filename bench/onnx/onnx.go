// Package onnx loads ONNX Runtime into the floors and the rivals, as quiet as the gateway
// has it.
package onnx

import (
	"fmt"
	"os"

	ort "github.com/yalue/onnxruntime_go"
)

// TelemetryOff is the environment variable that keeps official builds from sending
// telemetry while others are measured, if it is there when they are loaded.
const TelemetryOff = "ORT_DISABLE_TELEMETRY"

// Open loads the library at a path, unless this process has loaded one.
func Open(path string) error {
	if ort.IsInitialized() {
		return nil
	}
	if err := os.Setenv(TelemetryOff, "1"); err != nil {
		return err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("load ONNX Runtime from %q: %w", path, err)
	}
	return ort.DisableTelemetry()
}
