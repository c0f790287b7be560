using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.ArcFace.Tool.Packs;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface import: a recognizer of others becomes a model's .zip.</summary>
internal static class ImportCommand
{
    private const string Description = """
        Makes a model of a recognizer that somebody else trained: an .onnx file, or weights of a published network. Photographs are
        expected aligned (112×112); with --detector they may be as a camera takes them. Examples:
          arcface import --weights recognizer.onnx --detector face_detection_yunet_2023mar.onnx --calibrate photographs --output faces.zip
          arcface import --weights recognizer.onnx --find-pixels faces/some --output faces.zip
          arcface import --weights backbone.pth --pixels bgr-standard --output faces.zip
          arcface import --pack buffalo_l.zip --output faces.zip
        """;

    private static readonly Option<FileInfo> Weights = FileOptions.Existing(new Option<FileInfo>("--weights") { Description = "The recognizer: an .onnx file, or weights of a published network (.pth, .pt, .safetensors).", HelpName = "FILE" });
    private static readonly Option<FileSystemInfo> Pack = FileOptions.Existing(new Option<FileSystemInfo>("--pack") { Description = "Instead of --weights: a .zip or a folder of .onnx files with one recognizer in it, and perhaps one detector.", HelpName = "ZIP|DIR" });
    private static readonly Option<FileInfo> Detector = FileOptions.Existing(new Option<FileInfo>("--detector") { Description = "Find and align faces first: the .onnx file of YuNet or SCRFD. It becomes part of the model.", HelpName = "FILE.onnx" });
    private static readonly Option<FacePixels?> Pixels = PixelsOption.Create();
    private static readonly Option<DirectoryInfo> FindPixels = FileOptions.Existing(new Option<DirectoryInfo>("--find-pixels") { Description = "Find out which pixels the recognizer reads, on photographs in one folder a person: 20 people with 3 each are enough.", HelpName = "DIR" });
    private static readonly Option<DirectoryInfo> Calibrate = FileOptions.Existing(new Option<DirectoryInfo>("--calibrate") { Description = "Choose the threshold on these photographs, one folder a person, of people whom the recognizer was not trained on, as arcface calibrate does.", HelpName = "DIR" });
    private static readonly Option<double?> Rate = NumberOption.Real("--rate", "The share of impostor pairs that --calibrate lets be accepted. Default 0.001", "over 0, below 1", value => value is > 0 and < 1, 0.001);
    private static readonly Option<bool> AllowUnaligned = new("--allow-unaligned") { Description = "Take photographs of --find-pixels and --calibrate that are no aligned faces of 112×112 pixels, cropped to their central square and resized. Default: they are an error." };
    private static readonly Option<bool> MirrorImage = new("--mirror") { Description = "Embed each face together with its mirror image: better by a little, twice the time." };
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs of --find-pixels and --calibrate that cannot be read or show no face, instead of ending with an error." };
    private static readonly Option<FileInfo> Output = new("--output") { Description = "The model's .zip.", HelpName = "FILE", Required = true };

    public static Command Create()
    {
        var command = new Command("import", Description) { Weights, Pack, Detector, Pixels, FindPixels, Calibrate, ComparedPairs.File, ComparedPairs.PicturePattern, ComparedPairs.Encoding, Rate, AllowUnaligned, MirrorImage, SkipUnusable, Output };
        command.Validators.Add(result =>
        {
            if (result.GetResult(Weights) is null == result.GetResult(Pack) is null)
            {
                result.AddError("Give the recognizer in one way: --weights FILE, or --pack ZIP|DIR.");
            }

            if (result.GetResult(Pixels) is not null && result.GetResult(FindPixels) is not null)
            {
                result.AddError("--pixels says what --find-pixels would find out; give one of them.");
            }

            foreach (Option option in (Option[])[AllowUnaligned, SkipUnusable])
            {
                if (result.GetResult(option) is { Implicit: false } && result.GetResult(FindPixels) is null && result.GetResult(Calibrate) is null)
                {
                    result.AddError($"{option.Name} is about photographs, and none are read; give some with --find-pixels DIR or --calibrate DIR, or leave {option.Name} out.");
                }
            }

            if (result.GetResult(AllowUnaligned) is { Implicit: false } && result.GetResult(Detector) is not null)
            {
                result.AddError($"{AllowUnaligned.Name} takes photographs as they are, and {Detector.Name} aligns the faces in them; give one of them.");
            }

            foreach (Option option in (Option[])[Rate, ComparedPairs.File])
            {
                if (result.GetResult(option) is not null && result.GetResult(Calibrate) is null)
                {
                    result.AddError($"{option.Name} is that of --calibrate; give photographs to calibrate on with --calibrate DIR.");
                }
            }
        });
        command.Answer(Run);
        return command;
    }

    private static ToolAnswer Run(ToolRun run)
    {
        string output = run.Need(Output).FullName;
        ModelFile.CheckReplacesModelAlone(output, (Weights.Name, run.Get(Weights)), (Pack.Name, run.Get(Pack)), (Detector.Name, run.Get(Detector)));
        MLContext ml = run.CreateContext();
        FaceRecognitionCatalog faces = run.FaceRecognition(ml);
        ModelPack? pack = run.Get(Pack) is { } place ? ModelPack.Read(place.FullName) : null;
        RecognizerFile recognizer = pack?.Recognizer ?? RecognizerFile.Open(run.Need(Weights).FullName, architecture: null);
        foreach (LeftOutOfPack leftOut in pack?.LeftOut ?? [])
        {
            run.Say($"left out of the pack: '{leftOut.File}' {leftOut.Reason}");
        }

        foreach (string note in recognizer.Notes)
        {
            run.Say(note);
        }

        FacePreparation.Detector? detector = FacePreparation.Detector.Of(run.Get(Detector)) ?? pack?.Detector;
        IDataView none = FaceFile.ToView([]);
        ITransformer preparation = FacePreparation.Create(ml, nameof(FaceFile.ImagePath), detector, run.Get(SkipUnusable)).Fit(none);
        using var native = preparation as IDisposable;
        CalibrationPhotographs? calibration = run.Get(Calibrate) is null ? null : CalibrationPhotographs.Read(run, ml, faces, preparation, Calibrate, run.Get(SkipUnusable), run.Get(Rate) ?? 0.001);
        bool requiresAligned = detector is null && !run.Get(AllowUnaligned);
        FacePreprocessingSearch? found = run.Get(FindPixels) is { } folder ? Find(run, faces, recognizer, preparation, folder, requiresAligned) : null;
        var options = new FaceEmbeddingEstimator.Options { WeightsFile = recognizer.FileName, Pixels = run.Get(Pixels), Preprocessing = found, AddMirrorImage = run.Get(MirrorImage) };
        using FaceEmbeddingTransformer embedding = new FaceEmbeddingEstimator(ml, options, recognizer).Fit(preparation.Transform(none));
        var model = new TransformerChain<ITransformer>(preparation, embedding);
        VerificationThreshold? threshold = calibration is null ? null : FindThreshold(faces, model, calibration, requiresAligned);
        run.CancellationToken.ThrowIfCancellationRequested();
        ITransformer calibrated = threshold is null ? model : model.WithThreshold(threshold);
        using var copy = threshold is null ? null : calibrated as IDisposable;
        faces.SaveModel(calibrated, none.Schema, output);
        return Answer(output, embedding, threshold, detector?.Name, found, pack, run.LeftOut);
    }

    private static VerificationThreshold FindThreshold(FaceRecognitionCatalog faces, ITransformer model, CalibrationPhotographs photographs, bool requiresAligned)
    {
        if (!requiresAligned)
        {
            return photographs.Calibrate(faces, model);
        }

        ITransformer strict = model.RequireAlignedFaces();
        using var copy = strict as IDisposable;
        return photographs.Calibrate(faces, strict);
    }

    private static FacePreprocessingSearch Find(ToolRun run, FaceRecognitionCatalog faces, RecognizerFile recognizer, ITransformer preparation, DirectoryInfo folder, bool requiresAligned)
    {
        FacePreprocessingSearch found = faces.FindPreprocessing(recognizer, preparation.Transform(run.LoadFromFolder(faces, folder, run.Get(SkipUnusable))), requiresAligned);
        foreach (string line in found.ToString().Split(Environment.NewLine))
        {
            run.Say(line);
        }

        return found;
    }

    private static ToolAnswer Answer(
        string output, FaceEmbeddingTransformer embedding, VerificationThreshold? threshold, string? detector, FacePreprocessingSearch? found, ModelPack? pack, IReadOnlyList<LeftOutFiles> leftOut)
    {
        FaceNetworkFile file = embedding.NetworkFile!;
        string license = file.Known is { } known ? $" It is published by {known.Publisher}, usually under the license {known.UsualLicense}: {known.Page}" : "";
        string shown = TerminalText.OfLine(output);
        return new ToolAnswer(
            new ImportFacts(
                output, NetworkFileFacts.Of(file), embedding.EmbeddingSize, embedding.AddsMirrorImage, threshold is null ? null : ThresholdFacts.Of(threshold), detector, found?.Choices.Select(ImportFacts.TriedPixels.Of).ToArray(),
                pack?.LeftOut ?? [], embedding.Fingerprint, leftOut),
            string.Create(CultureInfo.InvariantCulture,
                $"Wrote {shown} ({new FileInfo(output).Length / 1e6:F1} MB): {TerminalText.OfLine(file.FileName)}, embeddings of {embedding.EmbeddingSize} numbers, pixels {file.Pixels}.{license}{Environment.NewLine}")
            + (threshold is null
                ? $"Next: arcface calibrate --model {shown} --data PEOPLE --rate 0.001"
                : $"{CalibrateCommand.Text(threshold)}{Environment.NewLine}Next: arcface enroll --model {shown} --gallery people.db --data KNOWN"));
    }
}

/// <summary>Describes the model that was made.</summary>
/// <param name="Model">The .zip.</param>
/// <param name="NetworkFile">The file of the recognizer, and its pixels.</param>
/// <param name="EmbeddingSize">Numbers in an embedding.</param>
/// <param name="AddsMirrorImage">Whether the embedding of the mirror image is added.</param>
/// <param name="Threshold">What --calibrate found; null: it was not asked for.</param>
/// <param name="Detector">The file of the detector; null: none.</param>
/// <param name="Tried">What --find-pixels tried, the best first; null: it was not asked for.</param>
/// <param name="LeftOutOfPack">Files of the pack that are neither.</param>
/// <param name="Fingerprint">The embedding's.</param>
/// <param name="LeftOut">What a walk over folders passed over.</param>
internal sealed record ImportFacts(
    string Model, NetworkFileFacts NetworkFile, int EmbeddingSize, bool AddsMirrorImage, ThresholdFacts? Threshold, string? Detector, ImportFacts.TriedPixels[]? Tried, IReadOnlyList<LeftOutOfPack> LeftOutOfPack,
    string Fingerprint, IReadOnlyList<LeftOutFiles> LeftOut) : ToolFacts
{
    /// <summary>Tells how well people are separated with certain pixels.</summary>
    internal sealed record TriedPixels(string Pixels, double AreaUnderRocCurve, double LowerArea, double UpperArea, bool IsAsGoodAsBest)
    {
        public static TriedPixels Of(FacePreprocessingChoice choice) => new(choice.Pixels.Name, choice.AreaUnderRocCurve, choice.LowerArea, choice.UpperArea, choice.IsAsGoodAsBest);
    }
}
