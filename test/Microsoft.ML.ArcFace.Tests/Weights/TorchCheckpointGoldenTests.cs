using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Weights;

/// <summary>Files that PyTorch itself wrote.</summary>
[TestClass]
[RequiresGolden("backbones.json")]
public class TorchCheckpointGoldenTests
{
    [TestMethod]
    public void Load_EveryPyTorchFile_EqualsTheWeightsOfItsFormula()
    {
        string[] files = [.. Directory.EnumerateFiles(GoldenFiles.CheckpointFolder, "*.pth").Order(StringComparer.Ordinal)];
        if (files.Length == 0)
        {
            Assert.Inconclusive($"Skipped: no .pth file in {GoldenFiles.CheckpointFolder}.");
        }

        using JsonDocument golden = GoldenFiles.ReadJson("backbones.json");
        string salt = golden.RootElement.GetProperty("salt").GetString()!;
        foreach (string file in files)
        {
            // mbf.pth and mbf_legacy.pth hold the model mbf.
            JsonElement model = golden.RootElement.GetProperty("models").EnumerateArray()
                .Where(candidate => Path.GetFileName(file).StartsWith(candidate.GetProperty("name").GetString()!, StringComparison.Ordinal))
                .MaxBy(candidate => candidate.GetProperty("name").GetString()!.Length);
            using DisposeScope scope = NewDisposeScope();
            using FaceBackbone backbone = FaceBackbone.Load(file, BackboneArchitectures.Parse(model.GetProperty("name").GetString()!));
            Dictionary<string, bool> isSlope = model.GetProperty("keys").EnumerateArray().ToDictionary(key => key[0].GetString()!, key => key[2].GetString() == "prelu");
            Assert.AreEqual(model.GetProperty("embedding")[0].GetArrayLength(), backbone.EmbeddingSize, file);
            foreach ((string name, Tensor actual) in ModuleState.Of(backbone))
            {
                Tensor expected = zeros_like(actual).detach();
                if (actual.is_floating_point())
                {
                    GoldenWeights.Fill(expected, salt, name, isSlope[name]);
                }

                Assert.IsTrue(expected.bytes.SequenceEqual(actual.detach().bytes), $"{file}: '{name}' must keep every bit.");
            }
        }
    }
}
