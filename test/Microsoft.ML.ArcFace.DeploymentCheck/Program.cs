using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Samples.Drawing;

// The application that build/deployment.sh publishes: it loads a model's .zip and embeds the photographs of a folder.
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

// Says the size of the first embedding as soon as it is there, and the peak of the resident set when all photographs are embedded.
static int Embed(string modelFile, string folder)
{
    string[] photographs = [.. Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    var ml = new MLContext();
    using PredictionEngine<Photograph, Face> engine = ml.Model.CreatePredictionEngine<Photograph, Face>(ml.Model.Load(modelFile, out _));
    float[] first = engine.Predict(new Photograph { ImagePath = photographs[0] }).Embedding;
    Console.WriteLine(first.Length);
    foreach (string photograph in photographs)
    {
        engine.Predict(new Photograph { ImagePath = photograph });
    }

    using var self = Process.GetCurrentProcess();
    Console.WriteLine(self.PeakWorkingSet64);
    return first.Any(number => number != 0) && first.All(float.IsFinite) ? 0 : 1;
}

internal sealed class Photograph
{
    public string ImagePath { get; set; } = "";
}

internal sealed class Face
{
    public float[] Embedding { get; set; } = [];
}
