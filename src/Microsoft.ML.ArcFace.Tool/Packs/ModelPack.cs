using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tool.Packs;

/// <summary>Names a file of a pack that is neither its recognizer nor its detector, and why.</summary>
/// <param name="File">The name of the file.</param>
/// <param name="Reason">Completes a sentence that begins with the name.</param>
internal sealed record LeftOutOfPack(string File, string Reason);

/// <summary>A recognizer, and perhaps a detector, of a pack of .onnx files, told apart by their graphs.</summary>
/// <param name="Recognizer">The recognizer.</param>
/// <param name="Detector">The detector; null: the pack has none.</param>
/// <param name="LeftOut">The other files.</param>
internal sealed record ModelPack(RecognizerFile Recognizer, FacePreparation.Detector? Detector, IReadOnlyList<LeftOutOfPack> LeftOut)
{
    /// <summary>Detectors give at least scores and boxes at three strides; recognizers give an embedding and perhaps its length.</summary>
    private const int FewestOutputsOfDetector = 5;

    private const string Ending = ".onnx";

    /// <summary>Reads a pack.</summary>
    /// <param name="path">A .zip, or a folder.</param>
    /// <exception cref="WeightsFormatException">It has no recognizer, several, several detectors, or is damaged; the message names the files.</exception>
    public static ModelPack Read(string path)
    {
        var recognizers = new List<RecognizerFile>();
        var ofOtherSizes = new List<(RecognizerFile File, string Size)>();
        var detectors = new List<FacePreparation.Detector>();
        var leftOut = new List<LeftOutOfPack>();
        string? folder = Directory.Exists(path) ? path : null;
        foreach ((string name, Func<byte[]> read) in Files(path))
        {
            try
            {
                byte[] bytes = read();
                if (OutputsOf(bytes, folder) >= FewestOutputsOfDetector)
                {
                    FaceDetector.Create(bytes, kind: null).Dispose();
                    detectors.Add(new FacePreparation.Detector(name, bytes));
                }
                else
                {
                    GraphNetwork graph = GraphNetwork.Parse(bytes, $"'{name}'", folder);
                    var file = RecognizerFile.OfGraph(graph, name);
                    if (graph.Input is { Width: FaceInput.Size, Height: FaceInput.Size })
                    {
                        recognizers.Add(file);
                    }
                    else
                    {
                        ofOtherSizes.Add((file, $"{graph.Input.Height}×{graph.Input.Width}"));
                    }
                }
            }
            catch (Exception error) when (error is WeightsFormatException or InvalidDataException)
            {
                leftOut.Add(new LeftOutOfPack(name, $"is neither a recognizer nor a detector that is read: {error.Message}"));
            }
        }

        // Landmarks, ages and the like are rows of numbers, too, of pictures of other sizes.
        if (recognizers.Count > 0)
        {
            leftOut.AddRange(ofOtherSizes.Select(file => new LeftOutOfPack(
                file.File.FileName,
                $"reads pictures of {file.Size} pixels (height × width), and is taken for landmarks or the like beside a recognizer of {FaceInput.Size}×{FaceInput.Size}. Give it by --weights if it is the recognizer that you mean.")));
        }
        else
        {
            recognizers.AddRange(ofOtherSizes.Select(file => file.File));
        }

        if (recognizers.Count + detectors.Count + leftOut.Count == 0)
        {
            throw new WeightsFormatException($"The pack '{path}' has no {Ending} files. Give a .zip or a folder with the recognizer's {Ending} file in it; other weights go to --weights.");
        }

        if (recognizers.Count != 1 || detectors.Count > 1)
        {
            string others = string.Concat(leftOut.Select(file => $" '{file.File}' {file.Reason}"));
            throw new WeightsFormatException(
                $"The pack '{path}' has {Listing(recognizers.Select(file => file.FileName), "recognizer")} and {Listing(detectors.Select(file => file.Name), "detector")}, where one recognizer and at most one detector are due.{others} Name the files with --weights and --detector.");
        }

        return new ModelPack(recognizers[0], detectors.FirstOrDefault(), leftOut);
    }

    private static int OutputsOf(byte[] bytes, string? folder) =>
        GraphFile.Parse(bytes, folder is null ? null : new ExternalData(folder, GraphNetwork.MostBytes - bytes.Length)).Graph.Output.Count;

    /// <summary>The .onnx files of a pack by name.</summary>
    private static IEnumerable<(string Name, Func<byte[]> Read)> Files(string path)
    {
        if (Directory.Exists(path))
        {
            foreach (string file in Directory.EnumerateFiles(path).Where(file => IsOnnx(Path.GetFileName(file))).Order(StringComparer.Ordinal))
            {
                yield return (Path.GetFileName(file), () => RegularFile.ReadAllBytes(file, GraphNetwork.MostBytes));
            }

            yield break;
        }

        using ByteSource source = ByteSource.Open(path);
        foreach (ZipEntry entry in Entries(source, path).Where(entry => IsOnnx(entry.FileName)).OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            yield return (entry.FileName, () => entry.Unpack(source));
        }
    }

    private static IEnumerable<ZipEntry> Entries(ByteSource source, string path)
    {
        try
        {
            return ZipDirectory.IsZip(source)
                ? ZipDirectory.Read(source).Values
                : throw new WeightsFormatException($"The pack '{path}' is {FileNature.Of(source).What}; give a .zip or a folder of .onnx files, or a single file with --weights.");
        }
        catch (InvalidDataException error)
        {
            throw new WeightsFormatException($"The pack '{path}' cannot be read: {error.Message}. It is damaged, or was copied in part.", error);
        }
    }

    /// <summary>Tells whether a file counts; those of a Mac's archive begin with a dot.</summary>
    private static bool IsOnnx(string name) => name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && !name.StartsWith('.');

    private static string Listing(IEnumerable<string> names, string one)
    {
        string[] all = [.. names];
        return all.Length == 0 ? $"no {one}" : $"{Counted.Of(all.Length, one)} ({string.Join(", ", all)})";
    }
}
