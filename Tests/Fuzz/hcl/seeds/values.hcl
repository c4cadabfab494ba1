a = -12
b = 1.5e-3
c = true
"d e" = "é \u00e9 \n \" \\ \x41 \101 ${f("g")}"
h = <<EOT
text
  more
EOT
i = [1, [2], {}, { j = false }]
k
{
  l = /* m */ 0644
}
