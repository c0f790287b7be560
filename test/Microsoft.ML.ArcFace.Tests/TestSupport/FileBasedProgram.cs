using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A walk through all that the library does, for a process without reflection in JSON and without dynamic code.</summary>
internal static class FileBasedProgram
{
    public const string Name = "file-based-program", LastWord = "all done";

    private static readonly ArcFaceTrainer.Options Quick = new() { Epochs = 1, BatchSize = 8, EmbeddingSize = 16, Seed = 3 };

    /// <param name="folder">Holds people in train and test.</param>
    public static void Run(string folder)
    {
        if (JsonSerializer.IsReflectionEnabledByDefault || RuntimeFeature.IsDynamicCodeSupported)
        {
            throw new InvalidOperationException("The switches are not off.");
        }

        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        Lists(ml, faces, folder);
        string zip = Train(ml, faces, folder);
        string calibrated = Evaluate(ml, faces, folder, zip);
        Gallery(ml, faces, folder, calibrated);
        Export(ml, faces, folder, calibrated);
        Experiment(ml, faces, folder);
        Console.WriteLine(LastWord);
    }

    private static void Lists(MLContext ml, FaceRecognitionCatalog faces, string folder)
    {
        string people = Path.Combine(folder, "train");
        IDataView rows = faces.LoadFromFolder(people);
        string[] files = [.. Texts(rows, "RelativePath")];
        File.WriteAllLines(Path.Combine(folder, "list.tsv"), files.Select(file => $"{file}\t{file.Split('/')[0]}"));
        Check("lists", Texts(faces.LoadFromList(Path.Combine(folder, "list.tsv"), people), "Label").SequenceEqual(Texts(rows, "Label")));

        File.WriteAllLines(Path.Combine(folder, "templates.txt"), files.Select((file, i) => $"{file} {i / 4} {i}"));
        IDataView templates = faces.LoadFromTemplateList(Path.Combine(folder, "templates.txt"), people);
        Check("templates", Texts(templates, "TemplateId").Last() == "3" && templates.GetRowCount() == files.Length);

        IDataView images = ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows);
        using (DataViewRowCursor cursor = images.GetRowCursor([images.Schema["Image"]]))
        {
            ValueGetter<MLImage> get = cursor.GetGetter<MLImage>(images.Schema["Image"]);
            MLImage image = null!;
            Check("photographs", cursor.MoveNext());
            get(ref image);
            Check("decoding", image.Width == 112);
            image.Dispose();
        }

        faces.SaveAsRecordIO(rows, Path.Combine(folder, "train.rec"));
        Check("RecordIO", faces.LoadFromRecordIO(Path.Combine(folder, "train.rec")).GetRowCount() == files.Length);
    }

    private static string Train(MLContext ml, FaceRecognitionCatalog faces, string folder)
    {
        IDataView rows = faces.LoadFromFolder(Path.Combine(folder, "train"));
        ArcFaceTrainer.Options options = Quick with { CheckpointDirectory = Path.Combine(folder, "checkpoints"), CheckpointEverySteps = 1 };
        int steps = 0;
        ITransformer model = Fit(options with { Progress = progress => steps = progress.Step });
        Check("training and checkpoints", steps == 2 && Directory.EnumerateFiles(options.CheckpointDirectory, "*.safetensors").Any());

        // Goes on from the last checkpoint, whose settings are those of this run; so there is nothing to do.
        bool isResumed = false;
        ml.Log += (_, line) => isResumed |= line.Message.Contains("after step 2 of 2", StringComparison.Ordinal);
        Fit(options);
        Check("a resumed run", isResumed);

        string zip = Path.Combine(folder, "faces.zip");
        ml.Model.Save(model, rows.Schema, zip);
        return zip;

        ITransformer Fit(ArcFaceTrainer.Options chosen) => ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(faces.Trainers.ArcFace(chosen)).Fit(rows);
    }

    private static string Evaluate(MLContext ml, FaceRecognitionCatalog faces, string folder, string zip)
    {
        ITransformer model = ml.Model.Load(zip, out DataViewSchema schema);
        IDataView test = faces.LoadFromFolder(Path.Combine(folder, "test"));
        IDataView embedded = ml.Data.Cache(model.Transform(test));
        IReadOnlyList<FacePair> pairs = faces.AllPairs(test);
        VerificationMetrics metrics = faces.EvaluateVerification(embedded, pairs);
        Check("evaluation", metrics.GenuinePairCount == 24 && metrics.ToString().Contains("Accuracy", StringComparison.Ordinal) && faces.EvaluateAngles(embedded, model).ToString().Length > 0);
        Check("splits and duplicates", Texts(faces.TrainTestSplitByPerson(test).TestSet, "Label").Count > 0 && faces.FindDuplicates(embedded, embedded).TestDuplicateCount == 16);
        Check("aggregated templates", faces.AggregateTemplates(embedded, templateColumnName: "Label", mediaColumnName: null, qualityColumnName: null, labelColumnName: null).GetRowCount() == 4);

        VerificationThreshold threshold = faces.CalibrateThreshold(embedded, pairs, targetFalseMatchRate: 0.2);
        string calibrated = Path.Combine(folder, "calibrated.zip");
        ITransformer withThreshold = model.WithThreshold(threshold);
        ml.Model.Save(withThreshold, schema, calibrated);
        Check("a calibrated model", threshold.Equals(ml.Model.Load(calibrated, out _).FaceEmbedding().Threshold));

        string report = Path.Combine(folder, "report.html");
        faces.WriteReport(report, embedded, pairs, new() { Model = model, Threshold = threshold });
        Check("the report", File.ReadAllText(report).Contains("<svg", StringComparison.Ordinal));
        return calibrated;
    }

    private static void Gallery(MLContext ml, FaceRecognitionCatalog faces, string folder, string calibrated)
    {
        using var embedder = new FaceEmbedder(calibrated);
        string[] photographs = [.. Directory.EnumerateFiles(Path.Combine(folder, "test"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        Check("verification", embedder.Verify(FacePhotograph.FromFile(photographs[0]), FacePhotograph.FromFile(photographs[0])).Score > 0.999);
        ITransformer model = ml.Model.Load(calibrated, out _);
        foreach (FaceGalleryOptions options in new[] { new FaceGalleryOptions(), new FaceGalleryOptions { EncryptionKey = [.. Enumerable.Range(0, 32).Select(i => (byte)i)] } })
        {
            string path = Path.Combine(folder, options.EncryptionKey is null ? "people.db" : "encrypted.db");
            using (FaceGallery gallery = faces.CreateGallery(model, path, options))
            {
                gallery.Enroll("Ada Lovelace", embedder.Embed(FacePhotograph.FromFile(photographs[0])));
                gallery.Enroll("Bob", embedder.EmbedAsync(FacePhotograph.FromFile(photographs[^1])).GetAwaiter().GetResult());
            }

            using FaceGallery reopened = faces.CreateGallery(model, path, options);
            FaceEmbedding ada = embedder.Embed(FacePhotograph.FromFile(photographs[0]));

            // Two steps of training may put everybody in one place: who of the two is nearer is left open.
            Check($"a gallery, {Path.GetFileName(path)}", reopened.Search(ada, 2).Any(face => face is { PersonId: "Ada Lovelace", Score: > 0.999 }) && reopened.GetPeople().Count == 2);
            Check("an identification", reopened.Identify(ada) is { Nearest.Score: > 0.999 } who && who.ToString().Length > 0);
            Check("removal", reopened.Remove("Bob") && reopened.PersonCount == 1);
        }
    }

    private static void Export(MLContext ml, FaceRecognitionCatalog faces, string folder, string calibrated)
    {
        ITransformer model = ml.Model.Load(calibrated, out _);
        string onnx = Path.Combine(folder, "faces.onnx"), weights = Path.Combine(folder, "faces.safetensors");
        faces.ExportToOnnx(model, onnx);
        faces.ExportToSafetensors(model, weights);
        IDataView test = faces.LoadFromFolder(Path.Combine(folder, "test"));
        ITransformer again = ml.Transforms.LoadFaceImages("Image", "ImagePath").Append(ml.Transforms.EmbedFaces("Embedding", "Image", weights, BackboneArchitecture.MobileFaceNet)).Fit(test);
        Check("exports", new FileInfo(onnx).Length > 0 && again.FaceEmbedding().Fingerprint == model.FaceEmbedding().Fingerprint && again.FaceEmbedding().Threshold is not null);

        string detector = Path.Combine(folder, "detector.onnx");
        File.WriteAllBytes(detector, DetectorModels.Scrfd.OneFace().ToBytes());
        string photograph = Path.Combine(folder, "photograph.png");
        File.WriteAllBytes(photograph, EncodedImages.Gradient(90, 60, SkiaSharp.SKEncodedImageFormat.Png));
        File.WriteAllText(Path.Combine(folder, "photographs.tsv"), "photograph.png\tAda\n");
        IDataView photographs = faces.LoadFromList(Path.Combine(folder, "photographs.tsv"));
        ITransformer pipeline = ml.Transforms.LoadFaceImages("Photograph", "ImagePath")
            .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Photograph", detector))
            .Append(ml.Transforms.AlignFaces("Image", "Photograph", "Landmarks"))
            .Append(ml.Transforms.EmbedFaces("Embedding", "Image", weights, BackboneArchitecture.MobileFaceNet)).Fit(photographs);
        string zip = Path.Combine(folder, "photographs.zip");
        ml.Model.Save(pipeline, photographs.Schema, zip);
        using var embedder = new FaceEmbedder(zip);
        Check("detection", embedder.Embed(FacePhotograph.FromFile(photograph)).Vector.Length == 16);
    }

    private static void Experiment(MLContext ml, FaceRecognitionCatalog faces, string folder)
    {
        IDataView rows = faces.LoadFromFolder(Path.Combine(folder, "train"));
        var settings = new FaceExperimentSettings
        {
            MaxTrials = 1, MinEpochs = 1, MaxEpochs = 1, ValidationFraction = 0.5, FalseAcceptRate = 0.1, CacheDirectory = Path.Combine(folder, "trials"),
        };
        for (int run = 0; run < 2; run++)
        {
            using FaceExperimentResult result = faces.CreateExperiment(settings).Execute(rows, preFeaturizer: ml.Transforms.LoadFaceImages("Image", "ImagePath"));
            Check($"an experiment, run {run + 1}", result.RunDetails.Count == 1 && result.RunDetails[0].IsFromCache == (run == 1));
        }
    }

    private static List<string> Texts(IDataView view, string column)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema[column]]);
        ValueGetter<ReadOnlyMemory<char>> get = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema[column]);
        var texts = new List<string>();
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            get(ref text);
            texts.Add(text.ToString());
        }

        return texts;
    }

    private static void Check(string what, bool isRight)
    {
        if (!isRight)
        {
            throw new InvalidOperationException($"{what}: not as it should be.");
        }

        Console.WriteLine(what);
    }
}
