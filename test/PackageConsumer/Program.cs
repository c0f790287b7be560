using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.Data;

// What build/check-package.sh needs from a program that does nothing but reference the packages.
switch (args)
{
    case ["draw", string folder, string people, string picturesEach]:
        DrawnFaces.WriteFolder(folder, int.Parse(people), int.Parse(picturesEach), seed: 1);
        return 0;
    case ["weights", string model, string file]:
        // README's own snippet reads InsightFace's weights; here it gets those of the model that its third snippet trained.
        var exporter = new MLContext();
        exporter.FaceRecognition().ExportToSafetensors(exporter.Model.Load(model, out _), file);
        return 0;
    case ["graph", string model, string file]:
        // README starts from a recognizer of others; here it is that model as an ONNX file.
        var graphs = new MLContext();
        graphs.FaceRecognition().ExportToOnnx(graphs.Model.Load(model, out _), file);
        return 0;
    case ["predict", string model, string photograph]:
        return Predict(model, photograph);
    default:
        Console.Error.WriteLine($"{Assembly.GetExecutingAssembly().GetName().Name} draw FOLDER PEOPLE PICTURES-EACH | weights MODEL FILE | graph MODEL FILE | predict MODEL PHOTOGRAPH");
        return 2;
}

// A saved model loads in a new process, without a registration, and embeds.
static int Predict(string modelFile, string photograph)
{
    var ml = new MLContext();
    ITransformer model = ml.Model.Load(modelFile, out _);
    using PredictionEngine<Photograph, Face> engine = ml.Model.CreatePredictionEngine<Photograph, Face>(model);
    Face face = engine.Predict(new Photograph { ImagePath = photograph });
    double length = Math.Sqrt(face.Embedding.Sum(value => (double)value * value));
    Console.WriteLine($"{face.Embedding.Length} numbers, length {length:0.0000}");
    return face.Embedding.Length > 0 && Math.Abs(length - 1) < 1e-4 ? 0 : 1;
}

internal sealed class Photograph
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";

    public string RelativePath { get; set; } = "";
}

internal sealed class Face
{
    public float[] Embedding { get; set; } = [];
}
