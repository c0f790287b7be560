using System.CommandLine;
using BenchmarkDotNet.Running;
using System.Text.Json;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Benchmarks;
using Microsoft.ML.ArcFace.Benchmarks.Embedding;
using Microsoft.ML.ArcFace.Benchmarks.Gallery;
using Microsoft.ML.ArcFace.Benchmarks.Heads;

// "compare", "heads", "partial-fc" and "gallery" measure side by side in one run; everything else goes to BenchmarkDotNet.
var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are taken over them.", DefaultValueFactory = _ => 9 };
var classes = new Option<long>("--classes") { Description = "Number of people.", DefaultValueFactory = _ => 1_000_000 };
var rate = new Option<double>("--rate") { Description = "Share of the classes that a step scores.", DefaultValueFactory = _ => 0.1 };

var heads = new Command("heads", "Forward and backward pass of the loss heads, as ratios to Softmax.") { rounds };
heads.SetAction(parsed => HeadComparison.Run(parsed.GetValue(rounds)));
var kind = new Option<string?>("--kind") { Hidden = true };
var partial = new Command("partial-fc", "A training step of the head with all people and with a sample, and the memory of each, in a process of its own.") { rounds, classes, rate, kind };
partial.SetAction(parsed => PartialFcComparison.Run(parsed.GetValue(classes), parsed.GetValue(rate), parsed.GetValue(rounds), parsed.GetValue(kind)));
var benchmarks = new Command("benchmark", "BenchmarkDotNet; its own options follow, for example: benchmark --filter *Head*.") { TreatUnmatchedTokensAsErrors = false };
benchmarks.SetAction(parsed => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run([.. parsed.UnmatchedTokens], InProcess.Config));
var backbones = new Option<string[]>("--backbones") { Description = "Networks.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["r18", "r50", "mbf"] };
var faces = new Option<int>("--faces") { Description = "Photographs in a measurement.", DefaultValueFactory = _ => 64 };
var batch = new Option<int>("--batch") { Description = "Photographs in a forward pass.", DefaultValueFactory = _ => 32 };
var threads = new Option<int>("--threads") { Description = "Threads that each may use.", DefaultValueFactory = _ => Environment.ProcessorCount };
var data = new Option<string?>("--data") { Description = "Folder of JPEG files of 112×112 pixels; drawn ones if not given." };
var python = new Option<string>("--python") { Description = "The Python that has PyTorch.", DefaultValueFactory = _ => "/usr/bin/python3" };
var output = new Option<string?>("--output") { Description = "A JSON file for what was measured." };
var compare = new Command("compare", "Embedding on the processor beside ApplyOnnxModel, ONNX Runtime and PyTorch, as ratios.") { rounds, backbones, faces, batch, threads, data, python, output };
compare.SetAction(parsed =>
{
    var comparison = new EmbeddingComparison(parsed.GetValue(rounds), parsed.GetValue(faces), parsed.GetValue(batch), parsed.GetValue(threads), parsed.GetValue(data), parsed.GetValue(python)!);
    string json = JsonSerializer.Serialize(comparison.Run([.. parsed.GetValue(backbones)!.Select(BackboneArchitectures.Parse)]));
    Console.WriteLine(json);
    if (parsed.GetValue(output) is { } path)
    {
        File.WriteAllText(path, json);
    }
});

var model = new Option<string>("--model") { Required = true };
var image = new Option<string>("--image") { Required = true };
var first = new Command(FirstPrediction.Command) { model, image };
first.Hidden = true;
first.SetAction(parsed => FirstPrediction.Run(parsed.GetValue(model)!, parsed.GetValue(image)!));
var test = new Option<string>("--test") { Required = true, Description = "Photographs of the pairs, one folder a person." };
var pairs = new Option<string>("--pairs") { Required = true, Description = "Pairs in the format of LFW's pairs.txt." };
var precision = new Command("precision", "What bfloat16 changes on real faces: cosines and accuracy of a trained model.") { model, test, pairs };
precision.SetAction(parsed => PrecisionComparison.Run(parsed.GetValue(model)!, parsed.GetValue(test)!, parsed.GetValue(pairs)!));
var predictions = new Option<int>("--predictions") { Description = "Photographs embedded one by one.", DefaultValueFactory = _ => 10_000 };
var memory = new Command("memory", "Tensors alive and the resident set over many predictions.") { predictions };
memory.SetAction(parsed => PredictionMemory.Run(parsed.GetValue(predictions)));
var people = new Option<int>("--people") { Description = "People in the gallery, a vector each.", DefaultValueFactory = _ => 100_000 };
var size = new Option<int>("--size") { Description = "Numbers in a vector.", DefaultValueFactory = _ => 512 };
var gallery = new Command("gallery", "One search of a gallery beside reading as much memory once, as ratios.") { people, size, rounds, threads };
gallery.SetAction(parsed => GalleryComparison.Run(parsed.GetValue(people), parsed.GetValue(size), parsed.GetValue(rounds), parsed.GetValue(threads)));
var connection = new Option<string>("--connection") { Required = true, Description = "A database with pgvector, as Npgsql takes it; the gallery stays in a schema of its own." };
var postgres = new Command("postgres", "What the index of a gallery in PostgreSQL finds of what an exact search finds.") { connection, people, size };
postgres.SetAction((parsed, _) => PostgresRecall.RunAsync(parsed.GetValue(connection)!, parsed.GetValue(people), parsed.GetValue(size)));
return new RootCommand("Measurements of Microsoft.ML.ArcFace.") { compare, precision, memory, gallery, postgres, first, heads, partial, benchmarks }.Parse(args).Invoke();
