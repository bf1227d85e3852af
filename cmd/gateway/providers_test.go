package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/config"
)

func TestMissingProvidersAreWarnedOfAndNoMistake(t *testing.T) {
	files := servedFiles(t)
	files["gateway.yaml"] += "onnx: {providers: [tensorrt, cuda, cpu]}\n"
	code, written := command(t, "check", "-c", filepath.Join(tree(t, files), "gateway.yaml"))
	if code != exitOK || !strings.Contains(written, "\nok\n") {
		t.Errorf("exit code %d, %s", code, written)
	}
	for _, words := range []string{
		`provider=tensorrt instead=cpu reason="TensorRT execution provider is not enabled in this build." needs="ONNX Runtime's GPU package`,
		`provider=cuda instead=cpu reason="CUDA execution provider is not enabled in this build." needs="ONNX Runtime's GPU package`,
	} {
		if strings.Count(written, "level=WARN msg=\"models can't run on a provider of onnx.providers\" "+words) != 1 {
			t.Errorf("the log is\n%s; want one line with %s", written, words)
		}
	}
}

func TestModelsRunOnTheNextProviderAndTheAdminListenerTells(t *testing.T) {
	want, _ := startArithmetic(t, nothing).rank(t, "/rank", body(7, []int{1, 5, 1999}, `,"budget_ms":2000`))
	f := startArithmetic(t, func(cfg *config.Config) { cfg.ONNX.Providers = []string{"cuda", "cpu"} })
	got, _ := f.rank(t, "/rank", body(7, []int{1, 5, 1999}, `,"budget_ms":2000`))
	if !reflect.DeepEqual(got, want) || got.Degraded {
		t.Errorf("%+v; want %+v, as with cpu alone", got, want)
	}
	admin := "http://" + f.admin.Addr().String()
	if listed := get(t, admin+"/admin/models"); strings.Count(listed, `"providers":["cpu"]`) != 2 {
		t.Errorf("/admin/models says %s; want cpu for both models", listed)
	}
	metrics := get(t, admin+"/metrics")
	for _, line := range []string{`rankgate_onnx_provider_usable{provider="cuda"} 0`, `rankgate_onnx_provider_usable{provider="cpu"} 1`} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

func TestAModelOfServersAloneHasNoProviders(t *testing.T) {
	f, _ := startOpen(t, nothing)
	if linear, sum := f.providersOf("linear"), f.providersOf("sum"); linear != nil || len(sum) != 1 {
		t.Errorf("linear has %v, sum %v; want none and cpu", linear, sum)
	}
}
