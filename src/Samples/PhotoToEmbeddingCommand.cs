using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="PhotoToEmbedding"/>.</summary>
internal static class PhotoToEmbeddingCommand
{
    private const string Name = "PhotoToEmbedding";

    private const string Description = """
        Saves one model that detects, aligns and embeds faces of unaligned photographs, and uses it in a second process. Examples:
          PhotoToEmbedding --detector yunet.onnx --model quickstart.zip --output photo.zip --photographs a.jpg b.jpg
          PhotoToEmbedding --detector yunet.onnx --weights backbone.pth --architecture r50 --output photo.zip
          PhotoToEmbedding --pipeline photo.zip --photographs a.jpg b.jpg --embeddings embeddings.tsv
        """;

    public static Command Create()
    {
        var detector = new Option<FileInfo>("--detector") { Description = "An ONNX file of YuNet or SCRFD.", HelpName = "FILE" };
        var model = new Option<FileInfo>("--model") { Description = "The embedding: a model such as QuickStart's.", HelpName = "FILE" };
        var weights = new Option<FileInfo>("--weights") { Description = "Instead of --model: weights of PyTorch (.pth, .pt) or safetensors.", HelpName = "FILE" };
        var architecture = new Option<string>("--architecture") { Description = $"The network of --weights: {string.Join(", ", BackboneArchitectures.ShortNames)}.", HelpName = "NAME" };
        var output = new Option<FileInfo>("--output") { Description = "The model to write.", HelpName = "FILE" };
        var pipeline = new Option<FileInfo>("--pipeline") { Description = "Instead of the options above: a model that this sample wrote.", HelpName = "FILE" };
        var photographs = new Option<FileInfo[]>("--photographs") { Description = "Photographs to embed; of each the main face.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var embeddings = new Option<FileInfo>("--embeddings") { Description = "Where to write the embeddings, a line each: path and numbers, separated by tabs.", HelpName = "FILE" };
        var command = new Command(Name, Description) { detector, model, weights, architecture, output, pipeline, photographs, embeddings };
        command.Validators.Add(result =>
        {
            CheckParts(result, detector, model, weights, output, pipeline);
            foreach (FileInfo missing in new[] { detector, model, weights, pipeline }.Select(result.GetValue).Concat(result.GetValue(photographs) ?? []).OfType<FileInfo>().Where(file => !file.Exists))
            {
                result.AddError($"'{missing}' is not a file.");
            }

            if (result.GetValue(weights) is not null && !BackboneArchitectures.TryParse(result.GetValue(architecture), out BackboneArchitecture _))
            {
                result.AddError($"--architecture is '{result.GetValue(architecture)}'; with --weights it must be one of {string.Join(", ", BackboneArchitectures.ShortNames)}, for example --architecture r50.");
            }

            if ((result.GetValue(pipeline) ?? result.GetValue(embeddings)) is not null && result.GetValue(photographs) is not { Length: > 0 })
            {
                result.AddError("Name the photographs to embed: --photographs a.jpg b.jpg.");
            }
        });
        command.SetSample((parsed, cancellationToken) =>
        {
            string[] paths = [.. parsed.GetValue(photographs)!.Select(file => file.FullName)];
            string? embeddingsFile = parsed.GetValue(embeddings)?.FullName;
            if (parsed.GetValue(pipeline) is { } ready)
            {
                PhotoToEmbedding.Embed(ready.FullName, paths, embeddingsFile);
                return;
            }

            string zip = parsed.GetRequiredValue(output).FullName;
            ModelFile.CheckWritable(zip);
            PhotoToEmbedding.Build(
                parsed.GetRequiredValue(detector).FullName,
                (ml, faces) => parsed.GetValue(weights) is { } file
                    ? ml.Transforms.EmbedFaces("Embedding", "Image", file.FullName, BackboneArchitectures.Parse(parsed.GetRequiredValue(architecture))).Fit(faces)
                    : ml.FaceRecognition().LoadModel(parsed.GetRequiredValue(model).FullName, out _).FaceEmbedding(),
                zip);
            if (paths.Length > 0)
            {
                // A process that was given the .zip and nothing else.
                string[] target = embeddingsFile is null ? [] : [embeddings.Name, embeddingsFile];
                Console.Write(OwnProgram.Run([Name, pipeline.Name, zip, photographs.Name, .. paths, .. target], cancellationToken));
            }
        });
        return command;
    }

    private static void CheckParts(CommandResult result, Option<FileInfo> detector, Option<FileInfo> model, Option<FileInfo> weights, Option<FileInfo> output, Option<FileInfo> pipeline)
    {
        bool builds = new[] { detector, model, weights, output }.Any(option => result.GetValue(option) is not null);
        bool isWhole = result.GetValue(detector) is not null && result.GetValue(output) is not null && result.GetValue(model) is null != result.GetValue(weights) is null;
        if (result.GetValue(pipeline) is null ? !isWhole : builds)
        {
            result.AddError("Give either --pipeline, or --detector, --output and one of --model and --weights.");
        }
    }
}
