using System.Text.Json;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.BFloat16;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

[TestClass]
[RequiresGolden(FileName)]
public class BackboneGoldenTests
{
    private const string FileName = "backbones.json";
    private const double SmallestCosine = 0.999999;
    private const double LargestRelativeError = 1e-3;
    private const double LargestRelativeErrorFolded = 1e-4;

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public void Create_EveryPublishedModel_HasItsStateInOrder()
    {
        using JsonDocument golden = GoldenFiles.ReadJson(FileName);
        foreach (JsonElement model in golden.RootElement.GetProperty("models").EnumerateArray())
        {
            using FaceBackbone backbone = CreateFor(model);
            string[] expected = [.. model.GetProperty("keys").EnumerateArray().Select(key => $"{key[0]} [{string.Join(", ", key[1].EnumerateArray())}]")];
            string[] actual = [.. ModuleState.Of(backbone).Select(entry => $"{entry.Name} [{string.Join(", ", entry.Tensor.shape)}]")];
            CollectionAssert.AreEqual(expected, actual, $"State of {model.GetProperty("name")}");
        }
    }

    [TestMethod]
    public void Forward_EveryPublishedModelInBothMemoryOrders_EqualsItsEmbeddings()
    {
        using JsonDocument golden = GoldenFiles.ReadJson(FileName);
        string salt = golden.RootElement.GetProperty("salt").GetString()!;
        foreach (JsonElement model in golden.RootElement.GetProperty("models").EnumerateArray())
        {
            using DisposeScope scope = NewDisposeScope();
            using var noGradient = no_grad();
            using FaceBackbone backbone = CreateFor(model);
            FillWeights(backbone, model, salt);
            backbone.eval();

            Tensor planar = GoldenWeights.Input(salt);
            Tensor channelsLast = planar.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
            Compare(model, "planar input", backbone.call(planar));
            Compare(model, "channels-last input", backbone.call(channelsLast));

            if (InferenceNetwork.Fits(backbone, CPU))
            {
                using InferenceNetwork network = InferenceNetwork.From(backbone);
                float[] pixels = planar.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
                Compare(model, "with folded norms", tensor(network.Embed(pixels, 2)).view(2, -1), LargestRelativeErrorFolded);
            }
        }
    }

    private static FaceBackbone CreateFor(JsonElement model) => FaceBackbone.Create(
        BackboneArchitectures.Parse(model.GetProperty("name").GetString()!),
        model.GetProperty("embedding")[0].GetArrayLength());

    private static void FillWeights(FaceBackbone backbone, JsonElement model, string salt)
    {
        Dictionary<string, bool> isSlope = model.GetProperty("keys").EnumerateArray()
            .ToDictionary(key => key[0].GetString()!, key => key[2].GetString() == "prelu");
        foreach ((string name, Tensor tensor) in ModuleState.Of(backbone))
        {
            GoldenWeights.Fill(tensor, salt, name, isSlope[name]);
        }
    }

    private void Compare(JsonElement model, string inputKind, Tensor embeddings, double largestRelativeError = LargestRelativeError)
    {
        JsonElement[] expectedRows = [.. model.GetProperty("embedding").EnumerateArray()];
        CollectionAssert.AreEqual(new long[] { expectedRows.Length, expectedRows[0].GetArrayLength() }, embeddings.shape);
        float[] actual = embeddings.contiguous().data<float>().ToArray();
        for (int row = 0; row < expectedRows.Length; row++)
        {
            double dot = 0, expectedSquares = 0, actualSquares = 0, errorSquares = 0;
            int column = row * expectedRows[row].GetArrayLength();
            foreach (JsonElement element in expectedRows[row].EnumerateArray())
            {
                double expectedValue = element.GetDouble(), actualValue = actual[column++];
                dot += expectedValue * actualValue;
                expectedSquares += expectedValue * expectedValue;
                actualSquares += actualValue * actualValue;
                errorSquares += (expectedValue - actualValue) * (expectedValue - actualValue);
            }

            double cosine = dot / Math.Sqrt(expectedSquares * actualSquares);
            double relativeError = Math.Sqrt(errorSquares / expectedSquares);
            string where = $"{model.GetProperty("name")}, {inputKind}, face {row}: cosine {cosine:R}, relative error {relativeError:E2}";
            TestContext.WriteLine(where);
            Assert.IsGreaterThanOrEqualTo(SmallestCosine, cosine, where);
            Assert.IsLessThanOrEqualTo(largestRelativeError, relativeError, where);
        }
    }
}
