using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Samples.Drawing;

// The application that build/deployment.sh and build/integration/arm64.sh publish: it loads a model's .zip and embeds the
// photographs of a folder.
switch (args)
{
    case ["prepare", string network, string weights, string folder]:
        Prepare(network, weights, folder);
        return 0;
    case ["embed", string model, string folder]:
        return Embed(model, folder);
    default:
        Console.Error.WriteLine("Say prepare NETWORK WEIGHTS FOLDER, which saves FOLDER/NETWORK.zip and draws FOLDER/faces, or embed MODEL FOLDER.");
        return 2;
}

static void Prepare(string network, string weights, string folder)
{
    DrawnFaces.WriteFolder(Path.Combine(folder, "faces"), people: 10, picturesPerPerson: 2, seed: 1);
    var ml = new MLContext();
    IDataView none = ml.Data.LoadFromEnumerable<Photograph>([]);
    ITransformer model = ml.Transforms.LoadFaceImages("Image", nameof(Photograph.ImagePath))
        .Append(ml.Transforms.EmbedFaces(nameof(Face.Embedding), "Image", weights, BackboneArchitectures.Parse(network))).Fit(none);
    ml.Model.Save(model, none.Schema, Path.Combine(folder, network + ".zip"));
}

// Writes a line for each photograph as soon as it is embedded, the numbers of its embedding, and at last the peak of the resident set in bytes.
static int Embed(string modelFile, string folder)
{
    var ml = new MLContext();
    using PredictionEngine<Photograph, Face> engine = ml.Model.CreatePredictionEngine<Photograph, Face>(ml.Model.Load(modelFile, out _));
    bool isSound = true;
    foreach (string photograph in Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
    {
        float[] embedding = engine.Predict(new Photograph { ImagePath = photograph }).Embedding;
        Console.WriteLine(string.Join(' ', embedding.Select(number => number.ToString(CultureInfo.InvariantCulture))));
        isSound &= embedding.Any(number => number != 0) && embedding.All(float.IsFinite);
    }

    using var self = Process.GetCurrentProcess();
    Console.WriteLine(self.PeakWorkingSet64);
    return isSound ? 0 : 1;
}

internal sealed class Photograph
{
    public string ImagePath { get; set; } = "";
}

internal sealed class Face
{
    public float[] Embedding { get; set; } = [];
}
