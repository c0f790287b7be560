using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Support;
using Spectre.Console;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>What the sample goes by.</summary>
internal sealed record IdentifySettings
{
    /// <summary>A model such as QuickStart's.</summary>
    public required string Model { get; init; }

    /// <summary>People to enroll, one folder a person; null: those in <see cref="Gallery"/>.</summary>
    public string? People { get; init; }

    /// <summary>The gallery's file; null: in memory.</summary>
    public string? Gallery { get; init; }

    /// <summary>Photographs of whoever it may be.</summary>
    public required IReadOnlyList<string> Photographs { get; init; }

    /// <summary>Other people, one folder a person, to calibrate the threshold on; null: the model's threshold.</summary>
    public string? Calibrate { get; init; }

    /// <summary>How often a stranger may be taken for somebody of the gallery, where it is calibrated.</summary>
    public double FalseMatchRate { get; init; } = 0.01;

    /// <summary>The threshold itself, as a cosine; null: a calibrated one.</summary>
    public double? Threshold { get; init; }
}

/// <summary>Enrolls people in a gallery and identifies faces, strangers among them.</summary>
internal static class Identify
{
    public static void Run(IdentifySettings settings)
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        ITransformer model = faces.LoadModel(settings.Model, out _);
        using var loaded = (IDisposable)model;
        if (settings.Calibrate is { } others)
        {
            IDataView calibration = faces.LoadFromFolder(others);
            model = model.WithThreshold(faces.CalibrateThreshold(model.Transform(calibration), faces.AllPairs(calibration), settings.FalseMatchRate));
            Console.WriteLine($"Calibrated: {model.FaceEmbedding().Threshold}");
        }

        using var native = (IDisposable)model;
        using FaceGallery gallery = faces.CreateGallery(model, settings.Gallery, new FaceGalleryOptions { CosineThreshold = settings.Threshold });
        if (settings.People is { } people)
        {
            Enroll(ml, model, gallery, people);
        }

        if (gallery.PersonCount == 0)
        {
            throw new InvalidOperationException($"The gallery {settings.Gallery ?? "in memory"} is empty, so nobody can be identified. Enroll people first: --people DIR.");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{gallery.PhotographCount} photographs of {gallery.PersonCount} people; a cosine over {gallery.CosineThreshold:0.000} is near enough"));
        IDataView photographs = ml.Data.LoadFromEnumerable(settings.Photographs.Select(path => new Photograph { ImagePath = path }));
        Found[] found = [.. ml.Data.CreateEnumerable<Face>(model.Transform(photographs), reuseRowObject: false)
            .Select(face => new Found(face.ImagePath, gallery.Identify(gallery.Model.Embedding(face.Embedding))))];
        Print(found);
    }

    /// <summary>Enrolls the people of a folder; photographs that are in the gallery already change nothing.</summary>
    private static void Enroll(MLContext ml, ITransformer model, FaceGallery gallery, string folder)
    {
        IDataView photographs = ml.FaceRecognition().LoadFromFolder(folder);
        EnrollmentSummary enrolled = gallery.EnrollFrom(model.Transform(photographs), sourceColumnName: "RelativePath");
        Console.WriteLine(
            $"Enrolled {enrolled.PhotographCount} photographs of {enrolled.PersonCount} people from {folder}; {enrolled.AlreadyThereCount} were there already, {enrolled.UnusableCount} cannot be used");
    }

    /// <summary>A table for people, and for programs one JSON array on the last line.</summary>
    private static void Print(IReadOnlyList<Found> found)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("Photograph", "Who", "Score", "Runner-up", "Score", "Margin");
        foreach ((string photograph, FaceIdentification who) in found)
        {
            table.AddRow(
                Markup.Escape(Path.GetFileName(photograph)),
                Markup.Escape(who.Outcome switch
                {
                    IdentificationOutcome.Match => who.Person!.Name,
                    IdentificationOutcome.Ambiguous => $"{who.Nearest!.Name}, or the runner-up",
                    _ => "unknown",
                }),
                Number(who.Nearest?.Score), Markup.Escape(who.RunnerUp?.Name ?? ""), Number(who.RunnerUp?.Score), Number(who.Margin));
        }

        AnsiConsole.Write(table);
        WhoIsIt[] answers =
        [
            .. found.Select(one => new WhoIsIt(
                one.Photograph, one.Who.Outcome.ToString(), one.Who.Person?.PersonId, one.Who.Nearest?.PersonId, one.Who.Nearest?.Score,
                one.Who.RunnerUp?.PersonId, one.Who.RunnerUp?.Score, one.Who.Threshold)),
        ];
        Console.WriteLine(JsonSerializer.Serialize(answers, SamplesJson.Default.WhoIsItArray));
    }

    private static string Number(double? value) => value?.ToString("0.000", CultureInfo.InvariantCulture) ?? "";

    private sealed record Found(string Photograph, FaceIdentification Who);

    private sealed class Photograph
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class Face
    {
        public string ImagePath { get; set; } = "";

        public float[] Embedding { get; set; } = [];
    }
}

/// <summary>Tells programs who is on a photograph.</summary>
internal sealed record WhoIsIt(string Photograph, string Outcome, string? PersonId, string? Nearest, double? Score, string? RunnerUp, double? RunnerUpScore, double Threshold);
