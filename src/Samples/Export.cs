using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>Hands an embedding to other programs: a trained model, or weights of PyTorch, as ONNX or as safetensors.</summary>
internal static class Export
{
    private const string Description = """
        Writes an embedding as ONNX or safetensors. Examples:
          Export --model quickstart.zip --output quickstart.onnx
          Export --weights backbone.pth --architecture r50 --output r50.onnx
        """;

    public static void Run(Func<MLContext, ITransformer> load, string output, OnnxExportOptions options)
    {
        var ml = new MLContext();
        ITransformer model = load(ml);
        if (Path.GetExtension(output).Equals(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            ml.FaceRecognition().ExportToSafetensors(model, output);
        }
        else
        {
            ml.FaceRecognition().ExportToOnnx(model, output, options);
        }

        Console.WriteLine($"Wrote {output} ({new FileInfo(output).Length / 1e6:F1} MB)");
    }

    /// <summary>A model of weights alone; it is fitted to the kind of its input, not to data.</summary>
    private static FaceEmbeddingTransformer FromWeights(MLContext ml, string weights, BackboneArchitecture architecture) =>
        ml.Transforms.EmbedFaces("Embedding", nameof(Face.Image), weights, architecture).Fit(ml.Data.LoadFromEnumerable(Array.Empty<Face>()));

    private sealed class Face
    {
        [ImageType(112, 112)]
        public MLImage? Image { get; set; }
    }

    public static Command CreateCommand()
    {
        var model = new Option<FileInfo>("--model") { Description = "A model that ml.Model.Save wrote, such as QuickStart's.", HelpName = "FILE" };
        var weights = new Option<FileInfo>("--weights") { Description = "Instead of --model: weights of PyTorch (.pth, .pt) or safetensors.", HelpName = "FILE" };
        var architecture = new Option<string>("--architecture") { Description = $"The network of --weights: {string.Join(", ", BackboneArchitectures.ShortNames)}.", HelpName = "NAME" };
        var output = new Option<FileInfo>("--output") { Description = "The file to write; its ending decides: .onnx or .safetensors.", HelpName = "FILE", Required = true };
        var rawPixels = new Option<bool>("--normalized-input") { Description = "ONNX: the file takes (value - 127.5) / 127.5 instead of pixel values." };
        var rawOutput = new Option<bool>("--raw-output") { Description = "ONNX: the file gives embeddings that are not of unit length." };
        var command = new Command("Export", Description) { model, weights, architecture, output, rawPixels, rawOutput };
        foreach (Option<FileInfo> file in (ReadOnlySpan<Option<FileInfo>>)[model, weights])
        {
            file.Validators.Add(result =>
            {
                if (result.GetValue(file) is { Exists: false } missing)
                {
                    result.AddError($"{file.Name} is '{missing}', which is not a file.");
                }
            });
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(model) is null == result.GetValue(weights) is null)
            {
                result.AddError("Give either --model, a file of ml.Model.Save, or --weights, a .pth, .pt or .safetensors file.");
            }

            if (result.GetValue(weights) is not null && !BackboneArchitectures.TryParse(result.GetValue(architecture), out BackboneArchitecture _))
            {
                result.AddError($"--architecture is '{result.GetValue(architecture)}'; with --weights it must be one of {string.Join(", ", BackboneArchitectures.ShortNames)}, for example --architecture r50.");
            }
        });
        output.Validators.Add(result =>
        {
            if (result.GetValue(output) is { } file && file.Extension.ToLowerInvariant() is not (".onnx" or ".safetensors"))
            {
                result.AddError($"--output is '{file}'; it must end in .onnx or .safetensors, for example --output quickstart.onnx.");
            }
        });
        command.SetSample((parsed, _) => Run(
            ml => parsed.GetValue(weights) is { } file
                ? FromWeights(ml, file.FullName, BackboneArchitectures.Parse(parsed.GetRequiredValue(architecture)))
                : ml.FaceRecognition().LoadModel(parsed.GetRequiredValue(model).FullName, out DataViewSchema? _),
            parsed.GetRequiredValue(output).FullName,
            new OnnxExportOptions { IncludePreprocessing = !parsed.GetValue(rawPixels), NormalizeOutput = !parsed.GetValue(rawOutput) }));
        return command;
    }
}
