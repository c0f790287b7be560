using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.InferenceCheck;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

// Embeds faces of a formula by networks of formula weights, without libtorch, to compare one processor with another:
//   embed [r18 mbf …]   writes a line for each network and width of registers: its name, the width, the numbers
//   weights NETWORK FILE   writes the weights of the formula as safetensors
//   compare FILE FILE   compares what two processors wrote; exit code 1 where a cosine is below 0.99999
const int faces = 2, embeddingSize = 512;
const double smallestCosine = 0.99999;
return args switch
{
    ["embed", .. var names] => Embed(names.Length > 0 ? names : BackboneArchitectures.ShortNames),
    ["weights", var name, var file] => WriteWeights(BackboneArchitectures.Parse(name), file),
    ["compare", var first, var second] => Compare(Read(first), Read(second)),
    _ => throw new ArgumentException("Say embed [networks], weights NETWORK FILE or compare FILE FILE."),
};

static int Embed(IEnumerable<string> names)
{
    byte[] pixels = new byte[faces * FaceInput.Count];
    for (int index = 0; index < pixels.Length; index++)
    {
        pixels[index] = (byte)(127.5 + (127.5 * Math.Sin((index * 0.001) + (index % FaceInput.Channels) + (index / FaceInput.Count))));
    }

    foreach (string name in names)
    {
        BackboneArchitecture architecture = BackboneArchitectures.Parse(name);
        foreach (VectorWidth width in VectorWidths.Available)
        {
            var clock = Stopwatch.StartNew();
            NetworkDescription described = BackboneDescription.Of(architecture, embeddingSize);
            using var network = new InferenceNetwork(described, FormulaWeights.Of(described), width, () => Environment.ProcessorCount);
            float[] embeddings = network.Embed(pixels, faces);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {(int)width} {string.Join(' ', embeddings)}"));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} on {RuntimeInformation.ProcessArchitecture} in registers of {(int)width} bits: {clock.Elapsed.TotalSeconds:0.0} s"));
        }
    }

    return 0;
}

static int WriteWeights(BackboneArchitecture architecture, string file)
{
    using FileStream stream = File.Create(file);
    Safetensors.Write(stream, [.. FormulaWeights.Of(BackboneDescription.Of(architecture, embeddingSize)).Select(weight => (weight.Key, weight.Value))]);
    return 0;
}

static Dictionary<string, (int Width, float[] Values)[]> Read(string file) => File.ReadLines(file).Select(line => line.Split(' '))
    .GroupBy(parts => parts[0], parts => (int.Parse(parts[1], CultureInfo.InvariantCulture), Array.ConvertAll(parts[2..], part => float.Parse(part, CultureInfo.InvariantCulture))))
    .ToDictionary(group => group.Key, group => group.ToArray());

static int Compare(Dictionary<string, (int Width, float[] Values)[]> one, Dictionary<string, (int Width, float[] Values)[]> other)
{
    int failed = one.Keys.Order().SequenceEqual(other.Keys.Order()) ? 0 : 1;
    foreach ((string name, (int width, float[] values)) in one.SelectMany(entry => entry.Value.Select(value => (entry.Key, value))))
    {
        foreach ((int otherWidth, float[] otherValues) in other.GetValueOrDefault(name, []))
        {
            double cosine = Enumerable.Range(0, faces).Min(face =>
                TensorPrimitives.CosineSimilarity(values.AsSpan(face * embeddingSize, embeddingSize), otherValues.AsSpan(face * embeddingSize, embeddingSize)));
            bool isNear = cosine >= smallestCosine;
            failed += isNear ? 0 : 1;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(isNear ? "ok" : "not ok")}: {name} in registers of {width} and {otherWidth} bits: smallest cosine {cosine:0.0000000}{(values.AsSpan().SequenceEqual(otherValues) ? ", the same bits" : "")}"));
        }
    }

    return failed == 0 ? 0 : 1;
}
